"""install, uninstall and build."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from poplin.cli.interpreter import find_interpreter
from poplin.cli.samples import SAMPLES
from poplin.invoke.entry import PLUGINS, code_folder
from poplin.runtime.ownership import WritableByOthers, check_private

CHECKOUT = Path(__file__).resolve().parents[2]
VERSION = {"CNI_COMMAND": "VERSION"}


class Place:
    """Where a test installs to."""

    def __init__(self, poplin: Any, folder: Path) -> None:
        self._poplin = poplin
        self.folder = folder
        self.bin = folder / "opt" / "cni" / "bin"
        self.conf = folder / "etc" / "net.d"
        self.lib = folder / "lib" / "poplin"

    def install(self, *options: str) -> Any:
        """`poplin install`."""
        return self._poplin("install", "--bin-dir", str(self.bin), "--lib-dir", str(self.lib), *options)

    def uninstall(self) -> Any:
        """`poplin uninstall`."""
        return self._poplin("uninstall", "--lib-dir", str(self.lib))

    @property
    def library(self) -> Path:
        """The installed code."""
        return Path(json.loads((self.lib / "manifest.json").read_text())["libraries"][0])

    @property
    def files(self) -> list[str]:
        """Everything there is."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*"))


@pytest.fixture
def place(poplin: Any, tmp_path: Path) -> Place:
    """An empty one."""
    (tmp_path / "place").mkdir()
    return Place(poplin, tmp_path / "place")


# The interpreter.


def test_the_interpreter_is_the_systems_by_its_real_path() -> None:
    interpreter = find_interpreter()
    assert interpreter == os.path.realpath("/usr/bin/python3")
    assert not os.path.islink(interpreter)


def test_without_a_system_python_it_is_the_one_below_the_virtual_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("poplin.cli.interpreter.SYSTEM", "/nowhere/python3")
    assert find_interpreter() == os.path.realpath(sys._base_executable)  # type: ignore[attr-defined]


# install.


def test_every_plugin_answers_with_no_environment_and_from_any_folder(place: Place) -> None:
    done = place.install()
    assert done.status == 0, done.errors
    assert sorted(path.name for path in place.bin.iterdir()) == sorted(PLUGINS)
    for plugin in place.bin.iterdir():
        reply = subprocess.run([plugin], env=VERSION, cwd="/", capture_output=True, text=True, check=True)
        assert json.loads(reply.stdout)["cniVersion"] == "1.1.0"
        assert reply.stderr == ""


def test_installed_plugins_run_installed_code_only(place: Place) -> None:
    place.install()
    program = place.library / "entry" / "bridge.pyc"
    trace = [find_interpreter(), "-IS", "-v", str(program)]
    done = subprocess.run(trace, env=VERSION, capture_output=True, text=True)
    assert "import 'poplin.plugins.bridge.plugin' #" in done.stderr
    assert str(CHECKOUT) + "/" not in done.stderr
    code = [line for line in done.stderr.splitlines() if line.startswith("# code object from '")]
    assert [line for line in code if not line.endswith(".pyc'")] == []  # nothing was compiled on the way
    text = place.bin.joinpath("bridge").read_bytes()
    assert f"{find_interpreter()}\0-IS\0\0{program.parent}\0.pyc\0".encode() in text


def test_the_bytecode_is_trusted_without_a_look_at_the_source(place: Place) -> None:
    place.install()
    compiled = list(place.library.rglob("*.pyc"))
    sources = list(place.library.rglob("*.py"))
    assert len(compiled) == len(sources) > 30
    assert {int.from_bytes(path.read_bytes()[4:8], "little") for path in compiled} == {0b01}  # hash-based, unchecked


def test_the_code_is_private_whatever_the_umask(place: Place) -> None:
    before = os.umask(0)
    try:
        assert place.install().status == 0
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in place.library.rglob("*") if path.is_file()}
    assert modes == {0o644}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in place.lib.rglob("*") if path.is_dir()}
    assert folders == {0o755}
    assert {stat.S_IMODE(path.stat().st_mode) for path in place.bin.iterdir()} == {0o755}
    assert {path.stat().st_uid for path in place.library.rglob("*")} == {os.geteuid()}


def test_only_what_plugins_run_on_is_copied(place: Place) -> None:
    place.install()
    assert sorted(path.name for path in (place.library / "poplin").iterdir() if path.name != "__pycache__") == [
        "__init__.py",
        "bundle.py",
        "dhcp",
        "invoke",
        "kit.py",
        "linux",
        "plugins",
        "spec",
    ]


def test_a_second_installation_changes_nothing(place: Place) -> None:
    place.install()
    before = place.files
    assert place.install().status == 0
    assert place.files == before


def test_new_code_goes_beside_the_old_which_goes_with_the_next(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.install()
    old = place.library
    other = place.folder / "other"
    place._poplin("install", "--bin-dir", str(other), "--lib-dir", str(place.lib))
    monkeypatch.setattr("poplin.cli.library.__version__", "9.9.9")
    assert place.install().status == 0
    assert place.library.parent.name == "9.9.9"
    for folder in (place.bin, other):
        subprocess.run([folder / "loopback"], env=VERSION, capture_output=True, check=True)
        assert str(place.library).encode() in (folder / "loopback").read_bytes()
    monkeypatch.setattr("poplin.cli.library.__version__", "9.9.10")
    assert place.install().status == 0
    assert not old.parent.exists()
    monkeypatch.undo()
    assert place.uninstall().status == 0
    assert not place.lib.exists()


def test_a_plugin_that_was_just_started_finds_its_code_after_the_switch(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.install()
    before = (place.bin / "bridge").read_bytes()
    old = place.folder / "old" / "bridge"
    old.parent.mkdir()
    shutil.copy(place.bin / "bridge", old)
    monkeypatch.setattr("poplin.cli.library.__version__", "9.9.9")
    place.install()
    assert (place.bin / "bridge").read_bytes() != before
    done = subprocess.run([old], env={}, capture_output=True, text=True)
    assert (done.returncode, done.stderr[:14]) == (0, "Poplin bridge:")


def test_an_earlier_folder_that_is_gone_is_no_obstacle(place: Place) -> None:
    other = place.folder / "other"
    place._poplin("install", "--bin-dir", str(other), "--lib-dir", str(place.lib))
    shutil.rmtree(other)
    done = place.install()
    assert (done.status, done.errors) == (0, "")
    assert not other.exists()
    recorded = json.loads((place.lib / "manifest.json").read_text())["plugins"]
    assert sorted(recorded) == sorted(f"{place.bin}/{name}" for name in PLUGINS)


def test_what_was_cut_short_is_uninstalled_whole(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """As by a kill while the code is being compiled: nothing of ours gets to clean up."""
    before = place.files
    with monkeypatch.context() as context:
        context.setattr("poplin.cli.library.shutil.rmtree", lambda *_, **__: None)
        context.setattr("poplin.cli.library.pack_bundle", interrupt)
        assert place.install().status == 130
    assert [name for name in place.files if name.endswith(".new/poplin/bundle.py")]
    assert place.uninstall().status == 0
    assert place.files == before


def interrupt(*arguments: str) -> None:
    raise KeyboardInterrupt


def test_what_is_not_ours_is_kept_unless_forced(place: Place) -> None:
    place.bin.mkdir(parents=True)
    (place.bin / "bridge").write_text("somebody else's")
    before = place.files
    done = place.install()
    assert done.status == 1
    assert done.errors == f"poplin install: {place.bin} has bridge of somebody else; --force overwrites\n"
    assert place.files == before
    assert place.install("--force").status == 0
    assert place.install().status == 0  # now it is ours


def test_samples_are_written_where_there_are_none(place: Place) -> None:
    place.conf.mkdir(parents=True)
    (place.conf / "10-mynet.conf").write_text("mine")
    assert place.install("--conf-dir", str(place.conf)).status == 0
    assert (place.conf / "10-mynet.conf").read_text() == "mine"
    assert (place.conf / "99-loopback.conf").read_bytes() == SAMPLES["99-loopback.conf"]


# What others may write.


@pytest.mark.parametrize("who", ["group", "others", "owner"])
def test_what_others_may_write_is_refused(tmp_path: Path, who: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    file = folder / "code.py"
    file.write_text("")
    check_private([str(file)])
    match who:
        case "group":
            file.chmod(0o664)
        case "others":
            folder.chmod(0o757)
        case "owner":
            os.chown(folder, 65534, 65534)
    with pytest.raises(WritableByOthers):
        check_private([str(file)])


def test_a_folder_others_may_write_is_refused_before_anything_is_made(place: Place) -> None:
    place.lib.mkdir(parents=True)
    place.lib.chmod(0o777)
    before = place.files
    done = place.install()
    assert done.status == 1
    assert done.errors == (
        f"poplin install: {place.lib} has mode 777, others could change what root will run; chmod go-w it first\n"
    )
    assert place.files == before


def test_the_code_is_found_by_its_real_path(place: Place) -> None:
    """Whoever owns the link could otherwise turn it to code of his own."""
    (place.folder / "real").mkdir()
    place.lib.parent.mkdir()
    place.lib.symlink_to(place.folder / "real")
    assert place.install().status == 0
    assert f"sys.path.insert(0, '{place.folder}/real/" in (place.library / "entry" / "bridge.py").read_text()
    assert f"\0{place.folder}/real/".encode() in (place.bin / "bridge").read_bytes()
    assert place.uninstall().status == 0
    assert list((place.folder / "real").iterdir()) == []


def test_a_checkout_others_may_write_is_refused(place: Place, tmp_path: Path) -> None:
    copy = tmp_path / "checkout"
    shutil.copytree(CHECKOUT / "poplin", copy / "poplin", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "poplin" / "spec" / "names.py").chmod(0o666)
    command = [
        sys.executable,
        "-m",
        "poplin.cli.main",
        "install",
        "--bin-dir",
        str(place.bin),
        "--lib-dir",
        str(place.lib),
    ]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith(f"poplin install: {copy}/poplin/spec/names.py has mode 666")
    assert place.files == []


# uninstall.


def test_uninstall_removes_exactly_what_install_made(place: Place) -> None:
    place.folder.joinpath("opt").mkdir()
    (place.folder / "opt" / "mine").write_text("")
    before = place.files
    place.install("--conf-dir", str(place.conf))
    assert place.uninstall().status == 0
    assert place.files == before
    assert place.uninstall().status == 3


def test_uninstall_keeps_what_somebody_changed(place: Place) -> None:
    place.install("--conf-dir", str(place.conf))
    (place.bin / "bridge").write_text("replaced")
    (place.conf / "10-mynet.conf").write_text("edited")
    done = place.uninstall()
    assert f"kept {place.bin}/bridge: it is not as it was installed\n" in done.output
    kept = [name for name in place.files if (place.folder / name).is_file()]
    assert kept == ["etc/net.d/10-mynet.conf", "opt/cni/bin/bridge"]


# build.


def test_build_writes_executables_that_run_this_checkout(poplin: Any, tmp_path: Path) -> None:
    done = poplin("build", str(tmp_path / "bin"))
    assert (done.status, done.output) == (0, f"{tmp_path}/bin: {' '.join(PLUGINS)}\n")
    for name in PLUGINS:
        path = tmp_path / "bin" / name
        program = (tmp_path / "bin" / ".entry" / f"{name}.py").read_text()
        assert f"sys.path.insert(0, {code_folder()!r})" in program
        subprocess.run([path], env=VERSION, capture_output=True, check=True)


def test_build_needs_no_third_party_package(tmp_path: Path) -> None:
    command = [find_interpreter(), "-S", "-m", "poplin.cli.main", "build", str(tmp_path / "bin")]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


# Which entry.


REMARK = "they are Python scripts, slower to answer VERSION: there is no C compiler; apt install gcc linux-libc-dev\n"


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("poplin.cli.launcher.COMPILERS", ("no-such-compiler",))


def is_script(path: Path) -> bool:
    return path.read_bytes().startswith(b"#!")


def test_the_launcher_is_what_is_installed(place: Place) -> None:
    done = place.install()
    assert [path.name for path in place.bin.iterdir() if is_script(path)] == []
    assert done.output.splitlines()[1:] == [f"code: {place.library}, run by {find_interpreter()}"]
    assert place.install("--entry", "launcher").status == 0


def test_without_a_compiler_scripts_are_installed_and_said_to_be(place: Place, no_compiler: None) -> None:
    done = place.install()
    assert (done.status, done.errors) == (0, "")
    assert done.output.endswith(REMARK)
    assert [path.name for path in place.bin.iterdir() if not is_script(path)] == []
    for plugin in place.bin.iterdir():
        subprocess.run([plugin], env=VERSION, capture_output=True, check=True)
    assert place.uninstall().status == 0
    assert place.files == []


def test_without_a_compiler_build_writes_scripts_and_says_so(poplin: Any, tmp_path: Path, no_compiler: None) -> None:
    done = poplin("build", str(tmp_path / "bin"))
    assert (done.status, done.output) == (0, f"{tmp_path}/bin: {' '.join(PLUGINS)}\n{REMARK}")
    assert is_script(tmp_path / "bin" / "bridge")


def test_without_a_compiler_a_launcher_that_is_asked_for_is_refused(place: Place, no_compiler: None) -> None:
    done = place.install("--entry", "launcher")
    assert (done.status, done.errors) == (1, "poplin install: there is no C compiler; apt install gcc linux-libc-dev\n")
    assert place.files == []


def test_a_compiler_that_fails_is_quoted(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = tmp_path / "compiler"
    compiler.write_text("#!/bin/sh\necho 'launcher.c:1: error: asm/unistd.h: no such file' >&2\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setattr("poplin.cli.launcher.COMPILERS", (str(compiler),))
    done = place.install()
    assert done.status == 0
    quoted = (
        "cannot compile the launcher: launcher.c:1: error: asm/unistd.h: no such file; apt install gcc linux-libc-dev"
    )
    assert done.output.endswith(f"{compiler} {quoted}\n")


def test_one_kind_replaces_the_other(place: Place) -> None:
    for entry in ("python", "launcher", "python"):
        done = place.install("--entry", entry)
        assert (done.status, len(done.output.splitlines())) == (0, 2)
        assert {is_script(path) for path in place.bin.iterdir()} == {entry == "python"}
    assert place.uninstall().status == 0
    assert place.files == []


def test_sources_of_the_launcher_that_others_may_write_are_refused(place: Place, tmp_path: Path) -> None:
    copy = tmp_path / "checkout"
    for name in ("poplin", "launcher"):
        shutil.copytree(CHECKOUT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "launcher" / "text.h").chmod(0o666)
    line = ["install", "--bin-dir", str(place.bin), "--lib-dir", str(place.lib)]
    command = [sys.executable, "-m", "poplin.cli.main", *line]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith(f"poplin install: {copy}/launcher/text.h has mode 666")
    assert place.files == []
