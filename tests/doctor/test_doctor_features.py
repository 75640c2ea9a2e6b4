"""`poplin doctor --only features`: what the plugins need of the kernel and of libraries."""

from __future__ import annotations

import ctypes.util
import json
import os
from pathlib import Path
from typing import Any

import pytest

from poplin.doctor import trial
from poplin.doctor.checks.features import BY_TYPE, find_installer, judge_version, tell
from poplin.doctor.finding import NOTE
from poplin.doctor.trial import try_alone, try_link
from poplin.invoke.entry import PLUGINS
from poplin.linux.netns import Namespace

CHECK = "features"
MASTERED = ("ipvlan", "macvlan", "vlan")


def knows(clinic: Any, kind: str) -> bool:
    """Whether ip(8) can make links of a kind here, or at least wants to be told more."""
    done = clinic.run(["ip", "link", "add", "try0", "type", kind])
    clinic.run(["ip", "link", "delete", "try0"])
    return "Unknown device type" not in done.stderr


@pytest.mark.parametrize("kind", ["bridge", "dummy", "ipvlan", "macvlan", "vlan"])
def test_kinds_of_links_the_kernel_does_not_know(clinic: Any, kind: str) -> None:
    """Each kernel lacks others; where all are there, nothing is found."""
    clinic.configure({"type": kind, "master": "up0", "ipam": {"type": "static"}})
    found = clinic.find(CHECK)
    if knows(clinic, kind):
        assert found == []
        return
    (only,) = found
    module = {"vlan": "8021q"}.get(kind, kind)
    assert only["severity"] == "error"
    assert only["text"].startswith(f"links of kind {kind} cannot be had here, and network mynet cannot do without")
    assert only["evidence"] == [f"ip link add trial0 type {kind}: Operation not supported (Unknown device type)"]
    if not Path("/lib/modules").exists():
        assert (only["mend"], only["text"].partition("; ")[2]) == (
            "",
            f"this kernel has no module {module}: boot one that has",
        )


def test_bridges_that_filter_vlans_are_needed_where_vlans_are(clinic: Any) -> None:
    clinic.configure(clinic.bridge())
    assert clinic.find(CHECK) == []
    clinic.configure(clinic.bridge(vlan=100))
    refused = clinic.run(["ip", "link", "add", "try0", "type", "bridge", "vlan_filtering", "1"]).returncode != 0
    assert [each["text"].partition(" cannot")[0] for each in clinic.find(CHECK)] == (
        ["bridges that filter VLANs"] if refused else []
    )


def test_the_library_is_asked_for_where_rules_are_needed(clinic: Any, tmp_path: Path) -> None:
    """Hidden behind an empty file; the package manager that brings it back is one of the test's own."""
    clinic.configure(clinic.bridge())
    name = ctypes.util.find_library("nftables")
    library = next(each for each in Path("/usr/lib").rglob(str(name)))
    tool = tmp_path / "tools" / "apt-get"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\n[ "$*" = "install -y libnftables1" ] && umount {library}\n')
    tool.chmod(0o755)
    environ = {"PATH": f"{tool.parent}:{clinic.environ['PATH']}"}
    doctor = "python3 -m poplin.cli.main doctor --only features"
    line = f"mount --bind /dev/null {library}; {doctor}; apt-get install -y libnftables1; {doctor}"
    shown = clinic.run(["unshare", "-m", "sh", "-c", line], **environ).stdout.splitlines()
    assert shown == [
        "error: features: libnftables cannot be had here, and network mynet cannot do without",
        "    seen: libnftables.so.1: libnftables is missing; install the package libnftables1",
        "    mend: apt-get install -y libnftables1",
        "",
        "1 error in 1 check",
        "nothing found in 1 check",
    ]


def test_networks_that_need_no_rules_do_without_it(clinic: Any) -> None:
    clinic.configure(clinic.bridge(ipMasq=False))
    line = "mount --bind /dev/null /usr/lib/x86_64-linux-gnu/libnftables.so.1 2>/dev/null; exec poplin doctor"
    assert "libnftables" not in clinic.run(["unshare", "-m", "sh", "-c", f"{line} --only features"]).stdout


def test_taps_need_their_device(clinic: Any) -> None:
    clinic.configure({"type": "tap"})
    assert clinic.find(CHECK) == []
    hide = "mount -t tmpfs none /dev/net; exec python3 -m poplin.cli.main doctor --json --only features"
    (found,) = json.loads(clinic.run(["unshare", "-m", "sh", "-c", hide]).stdout)["findings"]
    assert (found["text"].partition(" cannot")[0], found["evidence"]) == ("taps", ["there is no /dev/net/tun"])


def test_a_module_on_disk_is_loaded_by_the_kernel_unless_it_may_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "modules" / os.uname().release
    folder.mkdir(parents=True)
    (folder / "modules.dep").write_text("kernel/net/8021q/8021q.ko.xz: kernel/net/802/mrp.ko.xz\nkernel/a/act-x.ko:\n")
    for name, value in (("MODULES", "modules"), ("LOADED", "loaded"), ("NO_MORE", "disabled")):
        monkeypatch.setattr(trial, name, tmp_path / value)
    assert trial.list_modules() == {"8021q", "act_x"}
    assert [trial.waits_on_disk(each) for each in ("8021q", "act-x", "vrf")] == [True, True, False]
    missing = tell(BY_TYPE["vlan"][0], ["one", "two"], "refused")
    assert missing.text == "links of kind vlan cannot be had here, and networks one, two cannot do without"
    assert (missing.evidence, missing.mend) == (("refused",), "modprobe 8021q")
    (tmp_path / "disabled").write_text("1\n")
    assert not trial.waits_on_disk("8021q")
    (tmp_path / "disabled").write_text("0\n")
    (tmp_path / "loaded" / "8021q").mkdir(parents=True)
    assert not trial.waits_on_disk("8021q")


@pytest.mark.parametrize(
    ("present", "line"), [("dnf", "dnf install -y nftables"), ("apk", "apk add nftables"), ("", "")]
)
def test_each_system_has_its_own_way_to_install(monkeypatch: pytest.MonkeyPatch, present: str, line: str) -> None:
    monkeypatch.setattr("shutil.which", lambda tool: f"/usr/bin/{tool}" if tool == present else None)
    assert find_installer() == line


def test_nothing_is_made_on_the_host(clinic: Any) -> None:
    clinic.configure(clinic.bridge(macspoofchk=True), {"type": "portmap"}, {"type": "firewall"})
    before = clinic.host.links()
    assert clinic.find(CHECK) == []
    assert clinic.host.links() == before  # tests/vm has modules: here others may have the kernel load some meanwhile
    assert clinic.sh("nft list ruleset") == ""


def test_a_trial_is_alone_and_the_caller_stays_where_it_is(clinic: Any) -> None:
    with Namespace() as own:
        there = try_alone(lambda: Namespace().identity)
        assert there != own.identity
        with Namespace() as after:
            assert after.identity == own.identity
    assert try_alone(try_link, "bridge") == ""
    assert "Unknown device type" in try_alone(try_link, "nosuchkind")


def test_every_plugin_whose_needs_are_told_is_ours() -> None:
    assert set(BY_TYPE) <= set(PLUGINS)


def test_an_old_kernel_is_a_note() -> None:
    (found,) = judge_version("5.10.0-30-amd64", is_needed=True)
    assert (found.severity, found.text) == (
        NOTE,
        "Linux 5.10.0-30-amd64 is older than 6.1, the oldest that Poplin is tested with",
    )
    assert list(judge_version("6.1.0-44-amd64", is_needed=True)) == []
    assert list(judge_version("5.10.0", is_needed=False)) == []
