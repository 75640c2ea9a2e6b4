"""The C launcher: VERSION answered by itself, all other calls handed to the interpreter as they came."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from launcher.probe import Probe, call, call_as, close_stdout, make_probe
from netlab import CHECKOUT, INTERPRETER, PATIENCE

from poplin.cli.entries import Code, make_entry, write_entry, write_programs
from poplin.cli.launcher import MARK, ROOM, NoLauncher, Settings, fill, get_launcher
from poplin.invoke.entry import PLUGINS, code_folder, find_own_module, is_entry
from poplin.linux.atomicfile import read_file
from poplin.plugins.kit.delegate import load_plugin
from poplin.plugins.kit.skel import answer

VERSION = {"CNI_COMMAND": "VERSION"}
ENTRIES = ("launcher", "script")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The plugins of this checkout by both kinds of entry."""
    folder = tmp_path_factory.mktemp("entries")
    programs = folder / "programs"
    write_programs(str(programs), code_folder())
    code = Code(INTERPRETER, code_folder(), str(programs), ".py")
    for kind, launcher in zip(ENTRIES, (get_launcher(), None), strict=True):
        (folder / kind).mkdir()
        for plugin in PLUGINS:
            path = str(folder / kind / plugin)
            write_entry(path, make_entry(path, code, launcher))
    return {kind: folder / kind for kind in ENTRIES}


@pytest.fixture
def probe(tmp_path: Path) -> Probe:
    return make_probe(tmp_path)


def error(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The error object of a call that failed as it should: on stdout, and nothing else anywhere."""
    assert (done.returncode, done.stderr) == (1, "")
    value = json.loads(done.stdout)
    assert isinstance(value, dict)
    return value


# VERSION.


@pytest.mark.parametrize("kind", ENTRIES)
@pytest.mark.parametrize("plugin", PLUGINS)
def test_both_entries_answer_version_with_the_same_bytes(folders: dict[str, Path], plugin: str, kind: str) -> None:
    wanted = answer(load_plugin(PLUGINS[plugin]), VERSION, lambda: b"").output
    done = subprocess.run([folders[kind] / plugin], env=VERSION, capture_output=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, wanted.encode(), b"")


def test_version_is_answered_without_the_interpreter_and_without_stdin(tmp_path: Path) -> None:
    probe = make_probe(tmp_path, ["/nowhere/python3", "-IS"])
    read, write = os.pipe()  # nobody ever writes or closes it
    try:
        done = subprocess.run([probe.path], env=VERSION, stdin=read, capture_output=True, timeout=PATIENCE, check=True)
    finally:
        os.close(read)
        os.close(write)
    assert json.loads(done.stdout)["cniVersion"] == "1.1.0"


@pytest.mark.parametrize("kind", ENTRIES)
@pytest.mark.parametrize("stdout", ["full", "closed", "broken"])
def test_a_reply_that_cannot_be_written_is_a_failure(folders: dict[str, Path], stdout: str, kind: str) -> None:
    path = folders[kind] / "bridge"
    if stdout == "closed":
        done = subprocess.run([path], env=VERSION, preexec_fn=close_stdout, timeout=PATIENCE, check=False)
        assert done.returncode == 1
        return
    read, write = os.pipe()
    os.close(read)
    target = write if stdout == "broken" else os.open("/dev/full", os.O_WRONLY)
    try:
        done = subprocess.run([path], env=VERSION, stdout=target, timeout=PATIENCE, check=False)
        assert done.returncode == 1
    finally:
        for fd in {write, target}:
            os.close(fd)


@pytest.mark.parametrize("value", ["", "VERSIONS", "version", "VERSIO", "ADD"])
def test_every_other_verb_is_for_python(probe: Probe, value: str) -> None:
    assert json.loads(call(probe.path, {"CNI_COMMAND": value}).stdout)["environ"] == [f"CNI_COMMAND={value}"]


def test_the_first_of_two_variables_counts_as_for_python(folders: dict[str, Path]) -> None:
    for verbs, is_answered in ((("VERSION", "ADD"), True), (("ADD", "VERSION"), False)):
        for kind in ENTRIES:
            done = call_as(["bridge"], folders[kind] / "bridge", [f"CNI_COMMAND={verb}" for verb in verbs])
            assert ("supportedVersions" in done.stdout) is is_answered, done


# Handing over.


def test_python_gets_the_call_as_it_came(probe: Probe, tmp_path: Path) -> None:
    environ = {"CNI_COMMAND": "ADD", "LD_X": "1", "PATH": "", "PYTHONPATH": "/x", "odd": 'a"b\\', "CNI_PATH": "/p:/q"}
    done = call(probe.path, environ, stdin='{"a": 1}', cwd=tmp_path, umask=0o027)
    told = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert told["environ"] == [f"{name}={value}" for name, value in environ.items()]
    assert told["argv"] == [INTERPRETER, "-IS", str(tmp_path / "bridge.py")]
    assert (told["stdin"], told["folder"], told["umask"]) == ('{"a": 1}', str(tmp_path), 0o027)
    assert told["users"] == [os.geteuid()] * 3


def test_closed_streams_stay_closed(probe: Probe) -> None:
    subprocess.run([probe.path], env={}, preexec_fn=close_stdout, stdin=subprocess.DEVNULL, timeout=PATIENCE)
    assert not (probe.folder / "told").exists()  # its stdout is what failed


def test_exit_status_and_signals_are_the_interpreters(tmp_path: Path) -> None:
    probe = make_probe(tmp_path)
    for line, status in (("sys.exit(7)", 7), ("os.kill(os.getpid(), 9)", -9)):
        (tmp_path / "bridge.py").write_text(f"import os, sys; {line}")
        assert call(probe.path, {}).returncode == status


def test_the_name_is_the_last_part_of_the_first_argument(tmp_path: Path) -> None:
    probe = make_probe(tmp_path)
    (tmp_path / "ptp.py").write_text("print('ptp')")
    assert call_as(["/somewhere/ptp"], probe.path).stdout == "ptp\n"
    assert call_as(["ptp", "more", "words"], probe.path).stdout == "ptp\n"


@pytest.mark.parametrize("arguments", [[], [""], ["bridge/"], ["bridg"], ["bridges"], ["../bridge.py"], ['a"\\\x01ä']])
def test_another_name_is_refused_with_the_names_there_are(probe: Probe, arguments: list[str]) -> None:
    name = "".join(arguments).rpartition("/")[2]
    for environ in (["CNI_COMMAND=VERSION"], []):
        refused = error(call_as(arguments, probe.path, environ))
        assert refused["code"] == 4
        shown = "".join(letter if " " <= letter <= "~" else "?" * len(letter.encode()) for letter in name)
        assert refused["msg"] == f"this executable is no plugin under the name '{shown}'"
        assert refused["details"] == f"the plugins are {' '.join(PLUGINS)}"


def test_a_name_of_any_length_is_refused(probe: Probe) -> None:
    refused = error(call_as(["x" * 100_000], probe.path))
    assert refused["msg"] == f"this executable is no plugin under the name '{'x' * 1000}'"


def test_a_missing_interpreter_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    refused = error(call(make_probe(tmp_path, ["/nowhere/python3", "-IS"]).path, {"CNI_COMMAND": "ADD"}))
    assert refused == {
        "code": 5,
        "msg": "cannot execute '/nowhere/python3'",
        "details": "there is no such file; run `poplin install` again",
    }


def test_an_interpreter_that_cannot_run_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "python3").write_bytes(b"\x7fELF")
    probe = make_probe(tmp_path, [str(tmp_path / "python3")])
    assert error(call(probe.path, {}))["details"] == "permission denied; run `poplin install` again"
    (tmp_path / "python3").chmod(0o755)
    assert error(call(probe.path, {}))["details"] == "it is of another kind of machine; run `poplin install` again"


def test_missing_code_is_an_error(probe: Probe) -> None:
    (probe.folder / "bridge.py").unlink()
    refused = error(call(probe.path, {}))
    assert (refused["code"], refused["msg"]) == (5, f"cannot read '{probe.folder}/bridge.py'")


@pytest.mark.parametrize("count", [0, 5000])
def test_any_number_of_variables_will_do(probe: Probe, count: int) -> None:
    environ = {f"V{n}": "x" * 100 for n in range(count)}
    assert len(json.loads(call(probe.path, environ).stdout)["environ"]) == count
    assert call(probe.path, environ | VERSION).returncode == 0


def test_nothing_but_what_is_to_be_read_is_opened_on_the_way(probe: Probe, tmp_path: Path) -> None:
    log = tmp_path / "log"
    for environ, calls in ((VERSION, "execve rt_sigaction write exit_group"), ({}, "execve openat execve")):
        options = [f"-E{name}={value}" for name, value in environ.items()]
        line = ["strace", "-o", str(log), *options, str(probe.path)]
        subprocess.run(line, env={"PATH": "/usr/bin"}, capture_output=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
        made = [each.partition("(")[0] for each in log.read_text().splitlines() if "(" in each]
        assert made[: len(calls.split())] == calls.split()


def test_a_copy_that_was_only_compiled_says_so(tmp_path: Path) -> None:
    path = tmp_path / "bridge"
    path.write_bytes(get_launcher())
    path.chmod(0o755)
    assert error(call(path, VERSION))["details"] == "run `poplin install` again"


# What is written into a copy.


def test_only_the_reserved_block_is_changed_and_a_line_added(tmp_path: Path) -> None:
    template = get_launcher()
    filled = fill(
        template, Settings(("/usr/bin/python3", "-IS"), "/programs", ".pyc", "/bin"), "/usr/bin/python3", "/code"
    )
    at = template.index(MARK) + len(MARK)
    assert filled[:at] == template[:at]
    assert filled[at:].startswith(b"/usr/bin/python3\0-IS\0\0/programs\0.pyc\0/bin\0bandwidth\0bridge\0")
    assert filled[at + ROOM :] == template[at + ROOM :] + b"\n# poplin 0.1.0 /code /usr/bin/python3\n"


@pytest.mark.parametrize("folder", ["/with\nline", "/" + "x" * ROOM])
def test_a_folder_that_cannot_be_written_into_it_is_refused(folder: str) -> None:
    with pytest.raises(NoLauncher, match="choose a shorter path without line breaks"):
        fill(get_launcher(), Settings(("/usr/bin/python3",), folder, ".pyc", "/bin"), "/usr/bin/python3", folder)


def test_a_filled_one_cannot_be_filled_again() -> None:
    settings = Settings(("/usr/bin/python3",), "/programs", ".pyc", "/bin")
    with pytest.raises(NoLauncher):
        fill(fill(get_launcher(), settings, "/python3", "/code"), settings, "/python3", "/code")


def test_it_needs_no_library_and_no_loader(tmp_path: Path) -> None:
    (tmp_path / "launcher").write_bytes(get_launcher())
    headers = subprocess.run(["readelf", "-lW", tmp_path / "launcher"], capture_output=True, check=True)
    assert b"LOAD" in headers.stdout
    assert b"INTERP" not in headers.stdout and b"DYNAMIC" not in headers.stdout


# Knowing our own.


@pytest.mark.parametrize("kind", ENTRIES)
def test_entries_are_known_as_ours(folders: dict[str, Path], kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folders[kind] / "host-local"
    monkeypatch.setattr("sys.executable", INTERPRETER)
    assert is_entry(str(path))
    assert find_own_module(str(path)) == PLUGINS["host-local"]
    assert is_entry(str(folders[kind] / "bridge"))


@pytest.mark.parametrize("kind", ENTRIES)
def test_entries_of_other_code_or_another_interpreter_are_run(
    folders: dict[str, Path], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(folders[kind] / "host-local")
    monkeypatch.setattr("sys.executable", "/usr/bin/python3.99")
    assert find_own_module(path) is None
    monkeypatch.setattr("sys.executable", INTERPRETER)
    monkeypatch.setattr("poplin.invoke.entry.code_folder", lambda: "/usr/local/lib/poplin/0.1.0/other")
    assert find_own_module(path) is None
    assert is_entry(path)


def test_entries_of_earlier_versions_are_ours(tmp_path: Path) -> None:
    script, launcher = tmp_path / "bridge", tmp_path / "ptp"
    script.write_text(
        "#!/usr/bin/python3.11 -IS\n# poplin 0.0.1: the CNI plugin bridge. Written by somebody.\nmain()\n"
    )
    launcher.write_bytes(
        b"\x7fELF" + bytes(40_000) + b"\n# poplin 0.0.9 /usr/local/lib/poplin/0.0.9/1 /usr/bin/python3\n"
    )
    assert is_entry(str(script)) and is_entry(str(launcher))


@pytest.mark.parametrize(
    "content", [b"", b"\x7fELF", b"\x7fELF\n# other\n", b"#!/bin/sh\n# poplin 0.1.0 /a /b\n", b"\n" * 9]
)
def test_what_others_wrote_is_not(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bridge").write_bytes(content)
    assert not is_entry(str(tmp_path / "bridge"))
    assert find_own_module(str(tmp_path / "bridge")) is None


def test_an_executable_that_runs_can_be_replaced(tmp_path: Path) -> None:
    probe = make_probe(tmp_path)
    with subprocess.Popen([probe.path], env={}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        write_entry(str(probe.path), read_file(str(probe.path)) or b"")
        output, _ = running.communicate("", timeout=PATIENCE)
    assert json.loads(output)["stdin"] == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bridge", "bridge.py", "told"]


def test_the_sources_are_short_enough_to_read() -> None:
    for path in sorted((CHECKOUT / "launcher").glob("*.[ch]")):
        lines = path.read_text().splitlines()
        assert len(lines) < 200 and max(map(len, lines)) <= 120, path
