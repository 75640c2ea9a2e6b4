"""`poplin plugin new`: what is written where, on whose code it runs, and what is refused."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
VERSION = {"CNI_COMMAND": "VERSION"}
COMMAND = Path(sys.executable).parent / "poplin"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, where nothing is installed."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr("poplin.cli.manifest.LIB_DIR", str(tmp_path / "nothing"))
    return tmp_path / "work"


def answer(plugin: Path) -> Any:
    """What it answers to VERSION, with nothing else in its environment."""
    return json.loads(subprocess.run([plugin], env=VERSION, capture_output=True, check=True, timeout=60).stdout)


def refusal(plugin: Path) -> Any:
    """What it answers to DEL if it cannot do anything."""
    done = subprocess.run([plugin], env={"CNI_COMMAND": "DEL"}, input="{}", capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (1, "")
    return json.loads(done.stdout)


def test_the_files_are_named_after_the_plugin(poplin: Any, folder: Path) -> None:
    reply = poplin("plugin", "new", "my-gate", "--chained")
    assert (reply.status, reply.errors) == (0, "")
    assert reply.output.splitlines() == [
        "my-gate/my-gate",
        "my-gate/my-gate.json",
        "my-gate/my-gate.conflist",
        "my-gate/test_my_gate.py",
        "my-gate/README.md",
        "",
        f"my-gate runs on {CHECKOUT}, the code of this command; for it to run on the installed code, `poplin install`",
        "and change two lines of it:",
        f'  POPLIN = "{folder.parent}/nothing/current"',
        '  sys.path.insert(0, __import__("posix").readlink(POPLIN))',
        "",
        "next:",
        "  cd my-gate",
        f"  sudo {sys.executable} -m pytest",
        f"  {COMMAND} validate --schema my-gate.json my-gate.conflist",
        f"  sudo {COMMAND} plugin check ./my-gate --config my-gate.conflist",
    ]
    assert sorted(path.name for path in (folder / "my-gate").iterdir() if os.access(path, os.X_OK)) == ["my-gate"]
    assert answer(folder / "my-gate" / "my-gate")["cniVersion"] == "1.1.0"


def test_json_has_the_same(poplin: Any, folder: Path) -> None:
    told = json.loads(poplin("plugin", "new", "wire", "--dir", "elsewhere", "--json").output)
    assert told == {
        "version": 1,
        "plugin": "wire",
        "folder": f"{folder}/elsewhere",
        "library": str(CHECKOUT),
        "files": [
            f"{folder}/elsewhere/{name}" for name in ("wire", "wire.json", "wire.conflist", "test_wire.py", "README.md")
        ],
        "commands": [
            "cd elsewhere",
            f"sudo {sys.executable} -m pytest",
            f"{COMMAND} validate --schema wire.json wire.conflist",
            f"sudo {COMMAND} plugin check ./wire --config wire.conflist",
        ],
    }


@pytest.mark.parametrize("name", ["", "Gate", "gate-", "a/b", "..", "gate.py", "a b", "9lives", "x" * 33])
def test_a_name_that_no_file_should_have_is_refused(poplin: Any, folder: Path, name: str) -> None:
    reply = poplin("plugin", "new", f"--dir={folder}/made", "--", name)
    assert (reply.status, list(folder.iterdir())) == (2, [])
    assert f"{name!r} cannot be the name of a plugin" in reply.errors


@pytest.mark.parametrize("name", ["bridge", "host-local", "cnitool"])
def test_a_name_of_ours_is_refused(poplin: Any, folder: Path, name: str) -> None:
    reply = poplin("plugin", "new", name)
    assert (reply.status, list(folder.iterdir())) == (2, [])
    assert f"there is a plugin {name!r} already" in reply.errors


def test_an_interface_plugin_in_shell_is_refused(poplin: Any, folder: Path) -> None:
    reply = poplin("plugin", "new", "wire", "--language", "shell")
    assert (reply.status, list(folder.iterdir())) == (2, [])
    assert reply.errors == ("poplin plugin new: no interface plugin in shell can be written; add --chained (code 7)\n")


def test_a_folder_with_something_in_it_is_left_alone_unless_forced(poplin: Any, folder: Path) -> None:
    (folder / "gate").mkdir()
    assert poplin("plugin", "new", "gate", "--chained").status == 0  # an empty one is as good as none
    (folder / "gate" / "gate").write_text("mine")
    reply = poplin("plugin", "new", "gate", "--chained")
    assert (reply.status, (folder / "gate" / "gate").read_text()) == (1, "mine")
    assert reply.errors.endswith("is not empty; name another folder with --dir, or write there with --force\n")
    assert poplin("plugin", "new", "gate", "--chained", "--force").status == 0
    assert answer(folder / "gate" / "gate")["cniVersion"] == "1.1.0"


@pytest.mark.parametrize("options", [(), ("--force",)])
def test_a_file_in_the_place_of_the_folder_is_told_as_one(poplin: Any, folder: Path, options: tuple[str, ...]) -> None:
    (folder / "gate").write_text("mine")
    reply = poplin("plugin", "new", "gate", *options)
    assert (reply.status, (folder / "gate").read_text()) == (1, "mine")
    assert reply.errors == f"poplin plugin new: {folder}/gate is no folder; name another place with --dir\n"


@pytest.mark.parametrize("language", ["python", "shell"])
def test_two_lines_have_a_plugin_run_on_the_installed_code(
    poplin: Any, folder: Path, tmp_path: Path, language: str
) -> None:
    """Those that are told."""
    reply = poplin("plugin", "new", "gate", "--chained", "--language", language)
    place, path = (line.strip() for line in reply.output.splitlines() if line.startswith(("  POPLIN", "  sys.")))
    (tmp_path / "nothing").mkdir()
    (tmp_path / "nothing" / "current").symlink_to(CHECKOUT)
    plugin = folder / "gate" / "gate"
    checkout = json.dumps(str(CHECKOUT)) if language == "python" else shlex.quote(str(CHECKOUT))
    text = plugin.read_text().replace(f"{place.partition('=')[0]}={' ' * (language == 'python')}{checkout}", place)
    plugin.write_text(text.replace("sys.path.insert(0, POPLIN)", path))
    assert str(CHECKOUT) not in plugin.read_text()
    assert answer(plugin)["cniVersion"] == "1.1.0"


def test_code_that_others_may_write_is_refused(poplin: Any, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "open" / "poplin").mkdir(parents=True)
    (tmp_path / "open" / "poplin" / "kit.py").write_text("")
    (tmp_path / "open").chmod(0o777)
    reply = poplin("plugin", "new", "gate", "--library", str(tmp_path / "open"))
    assert (reply.status, list(folder.iterdir())) == (1, [])
    assert "others could change what root will run; chmod go-w it first" in reply.errors


def test_a_folder_without_the_kit_is_refused(poplin: Any, folder: Path, tmp_path: Path) -> None:
    reply = poplin("plugin", "new", "gate", "--library", str(tmp_path))
    assert (reply.status, list(folder.iterdir())) == (1, [])
    assert f"{tmp_path} has no poplin/kit.py" in reply.errors


@pytest.mark.parametrize("language", ["python", "shell"])
def test_a_plugin_runs_on_what_is_installed_whatever_becomes_of_it(
    poplin: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    """Written against the installed code it needs no checkout, and follows each update, even after the code it was
    written against is gone."""
    lib = tmp_path / "lib"
    monkeypatch.setattr("poplin.cli.manifest.LIB_DIR", str(lib))
    install = ("install", "--bin-dir", str(tmp_path / "bin"), "--lib-dir", str(lib), "--entry", "python")
    assert poplin(*install).status == 0
    assert poplin("plugin", "new", "gate", "--chained", "--language", language).status == 0
    plugin = folder / "gate" / "gate"
    assert (str(lib / "current") in plugin.read_text(), str(CHECKOUT) in plugin.read_text()) == (True, False)
    first = os.readlink(lib / "current")
    for version in ("9.9.8", "9.9.9"):
        monkeypatch.setattr("poplin.cli.library.__version__", version)
        assert poplin(*install).status == 0
        assert answer(plugin)["cniVersion"] == "1.1.0"
    assert not os.path.exists(first)
    (tmp_path / "bin" / "gate").write_text(plugin.read_text())
    (tmp_path / "bin" / "gate").chmod(0o755)
    gone = poplin("uninstall", "--lib-dir", str(lib))
    told = f"kept {tmp_path}/bin/gate: it is not ours, and fails from now on, as it runs on {lib}/current"
    assert (gone.status, told in gone.output.splitlines()) == (0, True)
    assert not os.path.lexists(lib / "current")
    assert refusal(plugin) == {
        "cniVersion": "1.1.0",
        "code": 100,
        "msg": f"Poplin is not at {lib}/current",
        "details": f"run `poplin install`, and have POPLIN in {plugin} name the folder with its code",
    }


@pytest.mark.parametrize("language", ["python", "shell"])
def test_a_plugin_whose_checkout_is_gone_says_so(poplin: Any, folder: Path, tmp_path: Path, language: str) -> None:
    (tmp_path / "moved" / "poplin").mkdir(parents=True)
    (tmp_path / "moved" / "poplin" / "kit.py").write_text("")
    options = ("--language", language, "--library", str(tmp_path / "moved"))
    assert poplin("plugin", "new", "gate", "--chained", *options).status == 0
    (tmp_path / "moved").rename(tmp_path / "elsewhere")
    assert refusal(folder / "gate" / "gate")["msg"] == f"Poplin is not at {tmp_path}/moved"
