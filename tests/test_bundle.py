"""The bundle of an installed plugin path: made by poplin/cli/pack.py, read by poplin/bundle.py."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from netlab import CHECKOUT, INTERPRETER, PATIENCE
from shape.source import hot_modules

from poplin.cli.library import HOT
from poplin.invoke.entry import BUNDLE, HEAD, PLUGINS, entry_script

PACKER = CHECKOUT / "poplin" / "cli" / "pack.py"
SYSTEM_PYTHON = ("/usr/bin/python3", "-IS")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hot packages with their bundle, where `poplin install` would put them."""
    made = tmp_path_factory.mktemp("library")
    return install(CHECKOUT, [str(module.path.relative_to(CHECKOUT)) for module in hot_modules()], made / "0.1.0")


def install(source: Path, files: list[str], final: Path) -> Path:
    """Copy the files beside `final`, pack them for it, then rename; as the installer does."""
    staging = final.with_suffix(".new")
    for below in files:
        (staging / below).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / below, staging / below)
    command = [INTERPRETER, "-I", str(PACKER), str(staging), str(final), BUNDLE, str(HEAD), *HOT]
    subprocess.run(command, check=True, timeout=PATIENCE)
    staging.rename(final)
    return final


@pytest.fixture
def folder(packed: Path, tmp_path: Path) -> Path:
    """A copy to be changed; tracebacks of its code still name the original."""
    return Path(shutil.copytree(packed, tmp_path / "library"))


def run(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    """A program in the interpreter of the entry scripts, with `folder` first on the path."""
    script = entry_script("bridge", INTERPRETER, str(folder), packed=(folder / BUNDLE).exists())
    before = script.partition("from poplin.plugins")[0]
    text = f"{before}\n{program}"
    return subprocess.run([*SYSTEM_PYTHON, "-B", "-c", text], capture_output=True, text=True, timeout=PATIENCE)


def ask(folder: Path, expression: str, *imports: str) -> Any:
    """The value of an expression after some imports."""
    lines = "\n".join(f"import {name}" for name in imports)
    done = run(folder, f"{lines}\nimport json; print(json.dumps({expression}))")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def spoil(folder: Path, below: str) -> None:
    """Make a source one that cannot be imported."""
    (folder / below).write_text("raise ImportError('this is the source, not the bundle')\n")


def test_modules_come_from_the_bundle_and_not_from_their_sources(folder: Path) -> None:
    spoil(folder, "poplin/spec/address.py")
    assert ask(folder, "str(poplin.spec.address.parse_ip('::1'))", "poplin.spec.address") == "::1"
    (folder / BUNDLE).unlink()
    assert "this is the source" in run(folder, "import poplin.spec.address").stderr


@pytest.mark.parametrize(
    "name, below, package",
    [
        ("poplin.spec", "poplin/spec/__init__.py", "poplin.spec"),
        ("poplin.spec.address", "poplin/spec/address.py", "poplin.spec"),
        ("poplin.linux.wire.link", "poplin/linux/wire/link.py", "poplin.linux.wire"),
        ("poplin.plugins.bridge.plugin", "poplin/plugins/bridge/plugin.py", "poplin.plugins.bridge"),
    ],
)
def test_module_has_the_usual_names(packed: Path, name: str, below: str, package: str) -> None:
    module = f"sys.modules[{name!r}]"
    told = f"[{module}.__name__, {module}.__file__, {module}.__package__]"
    assert ask(packed, told, name) == [name, f"{packed}/{below}", package]
    kind = f"[type({module}.__loader__).__name__, hasattr({module}, '__path__')]"
    assert ask(packed, kind, name) == ["Bundle", below.endswith("__init__.py")]


def test_every_hot_module_loads_from_it(packed: Path) -> None:
    names = [module.name for module in hot_modules() if module.name not in ("poplin", "poplin.bundle")]
    loaders = (
        "{name: type(sys.modules[name].__loader__).__name__ for name in sys.modules if name.startswith('poplin.')}"
    )
    loaded = ask(packed, loaders, *names)
    assert loaded == dict.fromkeys(names, "Bundle")


def test_traceback_names_the_source_and_shows_its_line(packed: Path) -> None:
    errors = run(packed, "from poplin.spec.address import parse_ip; parse_ip('1.2.3')").stderr
    source = (packed / "poplin/spec/address.py").read_text().splitlines()
    line = 'raise ValueError(f"{text!r} is not an IP address") from None'
    number = 1 + [text.strip() for text in source].index(line)
    assert f'File "{packed}/poplin/spec/address.py", line {number}, in parse_ip\n    {line}\n' in errors


def test_docstrings_and_annotations_are_left_out(packed: Path) -> None:
    module = "poplin.spec.address"
    assert ask(packed, f"[{module}.__doc__, {module}.parse_ip.__doc__]", module) == [None, None]
    assert ask(packed, f"{module}.parse_ip.__annotations__", module) == {}


def test_module_that_is_not_in_it_is_found_as_usual(folder: Path) -> None:
    (folder / "poplin" / "later.py").write_text("VALUE = 7\n")
    assert ask(folder, "poplin.later.VALUE", "poplin.later") == 7
    assert run(folder, "import poplin.gone").stderr.endswith("No module named 'poplin.gone'\n")


def test_without_a_bundle_nothing_changes(folder: Path) -> None:
    (folder / BUNDLE).unlink()
    finders = "[getattr(finder, '__name__', str(finder)) for finder in sys.meta_path]"
    assert ask(folder, finders) == ["BuiltinImporter", "FrozenImporter", "PathFinder"]
    module = "poplin.spec.address"
    assert ask(folder, f"type({module}.__loader__).__name__", module) == "SourceFileLoader"
    assert ask(folder, f"{module}.__file__", module) == f"{folder}/poplin/spec/address.py"


@pytest.mark.parametrize("plugin", PLUGINS)
def test_plugin_runs_from_it(folder: Path, tmp_path: Path, plugin: str) -> None:
    for source in folder.glob("poplin/**/*.py"):
        spoil(folder, str(source.relative_to(folder)))
    script = tmp_path / plugin
    script.write_text(entry_script(plugin, INTERPRETER, str(folder), packed=True))
    script.chmod(0o755)
    done = subprocess.run([script], env={"CNI_COMMAND": "VERSION"}, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["cniVersion"] == "1.1.0"


def test_a_head_that_an_entry_script_could_not_read_is_refused(tmp_path: Path) -> None:
    files = ["poplin/__init__.py", "poplin/bundle.py"]
    for below in files:
        (tmp_path / below).parent.mkdir(exist_ok=True)
        shutil.copyfile(CHECKOUT / below, tmp_path / below)
    command = [INTERPRETER, "-I", str(PACKER), str(tmp_path), str(tmp_path), BUNDLE, "100"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 1
    assert "an entry script reads 100" in done.stderr
    assert not (tmp_path / BUNDLE).exists()


def test_the_head_has_room_for_twice_as_many_modules(packed: Path) -> None:
    head = (packed / BUNDLE).read_bytes()[:HEAD].rstrip(b"\0")
    assert len(head) < HEAD / 2


def test_names_of_our_own_modules_are_bound_without_import_statements(packed: Path) -> None:
    module = "poplin.spec.netlist"
    assert ask(packed, f"{module}.loads is sys.modules['poplin.spec.jsontext'].loads", module) is True
    wire = "poplin.linux.rtnl"
    assert ask(packed, f"{wire}.link is sys.modules['poplin.linux.wire.link']", wire) is True


def test_the_interpreters_own_libraries_are_not_searched_for(packed: Path) -> None:
    known = "[sys.meta_path[0].find_spec(name).origin for name in ('_json', '_ctypes')]"
    searched = "[__import__('importlib.util').util.find_spec(name).origin for name in ('_json', '_ctypes')]"
    (packed / BUNDLE).rename(packed / "away")
    found = ask(packed, searched)
    (packed / "away").rename(packed / BUNDLE)
    assert ask(packed, known) == found


def test_packing_twice_gives_the_same_bytes(packed: Path, tmp_path: Path) -> None:
    before = (packed / BUNDLE).read_bytes()
    shutil.copytree(packed, tmp_path / "again", ignore=shutil.ignore_patterns(BUNDLE))
    command = [INTERPRETER, "-I", str(PACKER), str(tmp_path / "again"), str(packed), BUNDLE, str(HEAD), *HOT]
    subprocess.run(command, check=True, timeout=PATIENCE)
    assert (tmp_path / "again" / BUNDLE).read_bytes() == before
