"""Where a network's files are: found whoever calls, and never where somebody else could write."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from dnsname_lab import Names, lookup, runs

LOGIN = Path("/run/user/0")
SYSTEM = Path("/run/containers/cni/dnsname")
NOBODY = 65534
NO_LOGIN = {"XDG_RUNTIME_DIR": ""}


def files_in(folder: Path) -> list[str]:
    """What is there, if it is."""
    return os.listdir(folder) if folder.is_dir() else []


def servers_of(names: Names, folder: Path) -> list[int]:
    """The numbers of all dnsmasq of this host with files there."""
    return [pid for pid in names.all_servers() if runs(Path(f"/proc/{pid}"), f"--conf-file={folder}/".encode())]


@pytest.fixture(autouse=True)
def empty_system() -> Iterator[None]:
    """No test finds what another has left."""
    yield
    shutil.rmtree(SYSTEM, ignore_errors=True)


@pytest.fixture
def login(names: Names) -> Iterator[dict[str, str]]:
    """Root's session."""
    LOGIN.mkdir(mode=0o700)
    yield {"XDG_RUNTIME_DIR": str(LOGIN)}
    shutil.rmtree(LOGIN, ignore_errors=True)


# Found again.


@pytest.mark.parametrize("first", [True, False], ids=["session-first", "service-first"])
def test_files_are_found_with_the_variable_and_without(names: Names, login: dict[str, str], *, first: bool) -> None:
    """Root's are below /run: what is in the folder of a login goes with it, and names would be lost."""
    one, two = names.add_container("one"), names.add_container("two")
    environs = [login, NO_LOGIN] if first else [NO_LOGIN, login]
    names.do("ADD", one, environ=environs[0])
    names.do("ADD", two, environ=environs[1])
    assert (os.listdir(LOGIN), files_in(SYSTEM)) == ([], ["mynet"])
    assert lookup(two, "one") == names.addresses(one)
    names.do("DEL", one, environ=environs[1])
    assert lookup(one, "two") == names.addresses(two)
    names.do("DEL", two, environ=environs[0])
    assert (files_in(SYSTEM), servers_of(names, SYSTEM)) == ([], [])


def test_what_the_reference_has_in_the_folder_of_a_login_is_found_by_a_service(
    names: Names, login: dict[str, str]
) -> None:
    one, two = names.add_container("one"), names.add_container("two")
    names.reference("ADD", one, environ=login)
    names.do("ADD", two, environ=NO_LOGIN)
    assert files_in(SYSTEM) == []
    assert lookup(two, "one") == names.addresses(one)
    for each in (one, two):
        names.do("DEL", each, environ=NO_LOGIN)
    assert servers_of(names, LOGIN) == []
    assert list((LOGIN / "containers/cni/dnsname").iterdir()) == []


def test_a_running_server_says_where_its_files_are(names: Names) -> None:
    """The variable was another one when it was begun."""
    one, two = names.add_container("one"), names.add_container("two")
    names.do("ADD", one)
    names.do("ADD", two, environ=NO_LOGIN)
    assert [line.split()[1] for line in names.lines()] == ["one", "one", "two", "two"]
    assert files_in(SYSTEM) == []
    for each in (one, two):
        names.do("DEL", each, environ=NO_LOGIN)
    assert names.is_clean()


def test_a_server_whose_files_went_with_a_login_does_not_stand_in_the_way(names: Names) -> None:
    one, two = names.add_container("one"), names.add_container("two")
    names.do("ADD", one)
    shutil.rmtree(names.runtime)
    names.do("ADD", two, environ=NO_LOGIN)
    assert names.servers() == []
    assert lookup(one, "two") == names.addresses(two)
    names.do("DEL", two, environ=NO_LOGIN)
    assert (files_in(SYSTEM), servers_of(names, SYSTEM)) == ([], [])


# Not where others write.


def make_trap(names: Names) -> Path:
    """What somebody has left, for root's dnsmasq to run; where that says that it was."""
    sprung = names.runtime.parent / "sprung"
    names.folder.mkdir(parents=True, mode=0o700)
    script = names.folder / "x"
    script.write_text(f"#!/bin/sh\ntouch {sprung}\n")
    script.chmod(0o755)
    (names.folder / "dnsmasq.conf").write_text(f"port=0\ninterface=lo\nconf-script={script}\n")
    (names.folder / "addnhosts").write_text("10.0.0.1\tz\n")
    return sprung


@pytest.mark.parametrize("verb", ["DEL", "GC", "ADD"])
@pytest.mark.parametrize("depth", range(5))
def test_a_folder_that_others_may_write_does_not_count(names: Names, verb: str, depth: int) -> None:
    """From the variable's down to the network's."""
    sprung = make_trap(names)
    [names.runtime, *reversed(names.folder.parents[:3]), names.folder][depth].chmod(0o1777)
    names.do(verb, None if verb == "GC" else names.add_container("one"), **{"cni.dev/valid-attachments": []})
    assert (names.servers(), sprung.exists()) == ([], False)
    assert (names.folder / "addnhosts").read_text() == "10.0.0.1\tz\n"
    if verb == "ADD":
        assert len(servers_of(names, SYSTEM)) == 1
        names.do("DEL", next(iter(names.host.containers)))


@pytest.mark.parametrize("part", ["containers", "containers/cni/dnsname/mynet"])
def test_a_folder_below_that_is_somebody_elses_does_not_count(names: Names, part: str) -> None:
    sprung = make_trap(names)
    os.chown(names.runtime / part, NOBODY, NOBODY)
    names.do("DEL", names.add_container("one"))
    assert (names.servers(), sprung.exists()) == ([], False)


def test_a_link_to_a_folder_does_not_count(names: Names) -> None:
    sprung = make_trap(names)
    aside = names.runtime / "aside"
    names.folder.rename(aside)
    names.folder.symlink_to(aside)
    names.do("DEL", names.add_container("one"))
    assert (names.servers(), sprung.exists()) == ([], False)


@pytest.mark.parametrize("change", ["chown", "chmod"])
def test_no_dnsmasq_is_begun_with_what_others_wrote(names: Names, change: str) -> None:
    one, two = names.add_container("one"), names.add_container("two")
    for each in (one, two):
        names.do("ADD", each)
    names.kill_server()
    config = names.folder / "dnsmasq.conf"
    os.chown(config, NOBODY, NOBODY) if change == "chown" else config.chmod(0o666)
    assert names.refuse("DEL", one)[:2] == (5, f"{config} is not to be trusted")
    assert names.servers() == []
    names.do("ADD", one)
    assert (config.stat().st_uid, config.stat().st_mode & 0o777) == (0, 0o600)
    assert lookup(two, "one") == names.addresses(one)


def test_where_no_folder_is_ones_own_the_folder_is_named(names: Names) -> None:
    SYSTEM.mkdir(parents=True, exist_ok=True)
    SYSTEM.chmod(0o777)
    names.runtime.chmod(0o777)
    for verb in ("ADD", "STATUS"):
        told = names.refuse(verb, names.add_container("one") if verb == "ADD" else None)
        assert told[:2] == (5, f"{SYSTEM}/mynet is not to be trusted")


# What others left.


def test_what_somebody_else_put_there_stays_and_stops_nobody(names: Names) -> None:
    container = names.add_container("one")
    (names.folder / "sub").mkdir(parents=True, mode=0o700)
    for _ in range(2):
        names.do("ADD", container)
        names.do("DEL", container)
        assert (names.files(), names.servers()) == (["mynet", "mynet/sub"], [])
    names.do("DEL", container)


def test_what_cannot_be_removed_is_named_with_what_to_do(names: Names) -> None:
    container = names.add_container("one")
    names.do("ADD", container)
    blocking = names.folder / "addnhosts.new"
    blocking.mkdir()
    refusal = (5, f"cannot remove {blocking}", "Is a directory; remove it by hand")
    assert names.refuse("DEL", container) == refusal
    assert names.servers() == []


def test_a_network_whose_name_is_too_long_for_a_folder_is_refused(names: Names) -> None:
    container = names.add_container("one")
    refusal = (7, "the network's name is too long", "300 letters; its folder can have 255: choose a shorter one")
    assert names.refuse("ADD", container, name="n" * 300) == refusal
    names.do("DEL", container, name="n" * 300)
    assert subprocess.run(["ls", names.runtime], capture_output=True, check=True).stdout == b""
