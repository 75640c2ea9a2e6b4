"""What pip installs: the wheel brings the launcher compiled, the source distribution all that makes such a wheel."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from netlab import CHECKOUT

from poplin import __version__
from poplin.cli.launcher import COMPILED, SOURCES, list_sources
from poplin.cli.verbs import VERBS, name_page
from poplin.invoke.entry import PLUGINS

PATIENCE = 600
PLATFORM = sysconfig.get_platform().replace("-", "_").replace(".", "_")
NO_COMPILER = {"PATH": "/nowhere"}


def build(folder: Path, kind: str, source: Path = CHECKOUT, environ: dict[str, str] | None = None) -> Path:
    """A package, made without network; it is the only file in the folder."""
    line = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
    subprocess.run(line, cwd=source, env=environ or dict(os.environ), capture_output=True, timeout=PATIENCE, check=True)
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"), "wheel")


def install(wheel: Path, folder: Path) -> Path:
    """Into an empty virtual environment; the command."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], timeout=PATIENCE, check=True)
    options = ["--python", f"{folder}/bin/python", "install", "--no-deps", "--no-index", "--quiet", str(wheel)]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", *options]
    subprocess.run(pip, timeout=PATIENCE, check=True)
    return folder / "bin" / "poplin"


def run(*arguments: str | Path, environ: dict[str, str] | None = None) -> str:
    """stdout of a command that must succeed."""
    done = subprocess.run(arguments, env=environ, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_wheel_is_for_this_kind_of_machine_and_has_the_launcher(wheel: Path) -> None:
    assert wheel.name == f"poplin-{__version__}-py3-none-{PLATFORM}.whl"
    names = zipfile.ZipFile(wheel).namelist()
    assert COMPILED in names
    assert {"poplin/bundle.py", "poplin/linux/nft/nat.nft", "poplin/schemas/windows/list.json"} < set(names)
    assert [name for name in names if name.startswith("tests")] == []


def test_the_wheel_has_manual_pages_and_completions_where_programs_look(wheel: Path) -> None:
    data = f"poplin-{__version__}.data/data/"
    shared = {name.removeprefix(data) for name in zipfile.ZipFile(wheel).namelist() if name.startswith(data)}
    assert shared == {
        "share/man/man1/poplin.1",
        *(f"share/man/man1/poplin-{name_page(name)}.1" for name in VERBS),
        "share/bash-completion/completions/poplin",
        "share/zsh/site-functions/_poplin",
        "share/fish/vendor_completions.d/poplin.fish",
    }


def test_it_installs_the_launcher_where_there_is_no_compiler(wheel: Path, tmp_path: Path) -> None:
    poplin = install(wheel, tmp_path / "venv")
    line = ["install", "--bin-dir", tmp_path / "bin", "--lib-dir", tmp_path / "lib", "--entry", "launcher"]
    said = run(poplin, *line, environ=NO_COMPILER)
    assert said.splitlines()[0] == f"{tmp_path}/bin: {' '.join(PLUGINS)}"
    assert run(tmp_path / "bin" / "bridge", environ={"CNI_COMMAND": "VERSION"}).startswith('{"cniVersion":"1.1.0"')
    assert run(poplin, "uninstall", "--lib-dir", tmp_path / "lib").count("removed") == len(PLUGINS)


def test_without_a_compiler_the_wheel_is_for_every_machine(tmp_path: Path) -> None:
    wheel = build(tmp_path / "wheel", "wheel", environ=NO_COMPILER)
    assert wheel.name == f"poplin-{__version__}-py3-none-any.whl"
    poplin = install(wheel, tmp_path / "venv")
    said = run(poplin, "install", "--bin-dir", tmp_path / "bin", "--lib-dir", tmp_path / "lib")
    assert "they are Python scripts, slower to answer VERSION: " in said
    assert (tmp_path / "bin" / "bridge").read_bytes().startswith(b"#!")


def test_the_source_distribution_makes_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "unpacked").mkdir()
    run("tar", "-xzf", build(tmp_path / "sdist", "sdist"), "-C", tmp_path / "unpacked")
    (source,) = (tmp_path / "unpacked").iterdir()
    again = build(tmp_path / "again", "wheel", source)
    assert again.name == wheel.name
    assert sorted(zipfile.ZipFile(again).namelist()) == sorted(zipfile.ZipFile(wheel).namelist())
    assert sorted(path.name for path in (source / SOURCES).iterdir()) == [path.name for path in list_sources()]
