"""What `poplin plugin new` writes passes its own tests as it is, and so does the example of an author's plugin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from netlab import Host, Reply, with_prev_result

CHECKOUT = Path(__file__).resolve().parents[2]
POPLIN = CHECKOUT / ".venv" / "bin" / "poplin"
EXAMPLES = CHECKOUT / "examples" / "plugins"
PATIENCE = 1800  # seconds for a project's tests
INSTALLED = 'POPLIN = "/usr/local/lib/poplin/current"', '__import__("posix").readlink(POPLIN)'
SAMPLE = {"cniVersion": "1.1.0", "name": "mynet", "type": "sample"}
KEYS = {"myAwesomeFlag": True, "anotherAwesomeArg": "192.0.2.0/24", "runtimeConfig": {"sample": {"key": "value"}}}


def new(folder: Path, *arguments: str) -> Path:
    """The project of a plugin; its folder is named after it."""
    command = [POPLIN, "plugin", "new", *arguments, "--library", CHECKOUT]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
    return folder / arguments[0]


def run_tests(folder: Path, which: str = "") -> tuple[int, str]:
    """The project's own tests, or those with such names, run as an author runs them."""
    environ = {**os.environ, "PATH": f"{POPLIN.parent}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "error"]
    options = [f"--rootdir={folder}", f"--basetemp={folder.parent / 'temporary'}", "-k", which]
    done = subprocess.run(
        [*command, *options], cwd=folder, env=environ, capture_output=True, text=True, timeout=PATIENCE
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def spaced(tmp_path: Path) -> Path:
    """A folder with a name that a shell would split."""
    (tmp_path / "x y").mkdir()
    return tmp_path / "x y"


@pytest.mark.parametrize(
    ("arguments", "which"),
    [
        (("my-gate", "--chained"), "specification or example or repeated"),  # the tutorial's test runs the others
        (("wire",), ""),
        (("fence", "--chained", "--language", "shell"), ""),
    ],
    ids=["my-gate", "wire", "fence"],
)
def test_a_new_project_passes_its_own_tests(
    laboratory: None, spaced: Path, arguments: tuple[str, ...], which: str
) -> None:
    status, output = run_tests(new(spaced, *arguments), which)
    assert status == 0, output


def test_the_example_passes_its_own_tests(laboratory: None, spaced: Path) -> None:
    """Written against installed code; here it runs on this checkout. The tutorial's test runs the others of them."""
    folder = spaced / "knock"
    folder.mkdir()
    for file in (EXAMPLES / "knock").iterdir():
        if file.is_file():
            (folder / file.name).write_text(file.read_text())
    text = (folder / "knock").read_text()
    for words, here in zip(INSTALLED, (f"POPLIN = {str(CHECKOUT)!r}", "POPLIN"), strict=True):
        assert words in text
        text = text.replace(words, here)
    (folder / "knock").write_text(text)
    (folder / "knock").chmod(0o755)
    status, output = run_tests(folder, "until or example or not_knocked")
    assert status == 0, output


# The specification's sample plugin, from what the scaffold writes.


@pytest.fixture
def call(host: Host, tmp_path: Path) -> Any:
    """Calls the chained project `sample` with the keys of the reference's: its required text is our `to`."""
    folder = new(tmp_path, "sample", "--chained")
    plugin = folder / "sample"
    plugin.write_text(plugin.read_text().replace('find_prefix("to")', 'find_prefix("anotherAwesomeArg")'))
    container = host.add_container()
    return lambda command, conf: host.call(command, {**SAMPLE, **conf}, container, bin_dir=folder)


def prev_result(version: str = "1.1.0") -> dict[str, Any]:
    """Of the plugin before."""
    ips = {"ips": [{"address": "10.1.2.3/24", "gateway": "10.1.2.1"}]}
    old = {"ip4": {"ip": "10.1.2.3/24", "gateway": "10.1.2.1"}, "dns": {}}
    return {"cniVersion": version, **(old if version < "0.3.0" else ips)}


@pytest.mark.facts("plugins-meta", 113)
def test_sample_answers_with_what_came_before_it(call: Any) -> None:
    for command in ("ADD", "CHECK", "DEL"):
        reply: Reply = call(command, with_prev_result(KEYS, prev_result()))
        assert reply.status == 0, reply
        assert (reply.object if reply.output else None) == (prev_result() if command == "ADD" else None)
    assert call("STATUS", KEYS).status == 0


@pytest.mark.facts("plugins-meta", 113)
@pytest.mark.parametrize(
    ("conf", "code"),
    [
        ({**KEYS, "anotherAwesomeArg": None, "prevResult": prev_result()}, 7),
        ({**KEYS, "cniVersion": "0.2.0"}, 7),
        ({**KEYS, "prevResult": {"cniVersion": "1.1.0"}}, 7),
    ],
    ids=["missing arg", "0.2.0 unchained", "no address"],
)
def test_sample_refuses_what_it_cannot_work_on(call: Any, conf: dict[str, Any], code: int) -> None:
    assert call("ADD", conf).code == code


@pytest.mark.facts("plugins-meta", 113)
def test_sample_works_chained_in_the_old_versions_too(call: Any) -> None:
    reply = call("ADD", {**KEYS, "cniVersion": "0.2.0", "prevResult": prev_result("0.2.0")})
    assert (reply.status, reply.object) == (0, prev_result("0.2.0"))


def test_the_schema_of_a_project_counts_in_validate(tmp_path: Path) -> None:
    folder = new(tmp_path, "gate", "--chained")
    network = json.loads((folder / "gate.conflist").read_text())
    network["plugins"][1] |= {"to": "nowhere", "other": 1}
    (folder / "gate.conflist").write_text(json.dumps(network))
    command = [POPLIN, "validate", "--json", "--no-exec", "--schema", "gate.json", "gate.conflist"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    found = {(each["where"], each["severity"], each["text"]) for each in json.loads(done.stdout)["findings"]}
    assert done.returncode == 1
    assert {each for each in found if each[0].startswith("plugins[1]")} == {
        ("plugins[1].to", "error", "'nowhere' is not an address with a prefix length"),
        ("plugins[1].other", "warning", "the plugin does not know it and ignores it"),
    }


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("gate.json", "{", "gate.json is no JSON"),
        ("gate.json", '{"type": 5}', "gate.json is no JSON Schema"),
        ("gate.json", "true", "gate.json is no JSON Schema of a configuration"),
        ("gate.json", '{"$ref": "other.json"}', "gate.json refers to other.json"),
        ("bridge.json", "{}", "there is a schema 'bridge' already"),
        ("missing.json", None, "missing.json"),
    ],
)
def test_a_schema_that_is_none_is_refused(tmp_path: Path, name: str, text: str | None, complaint: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    command = [POPLIN, "validate", "--schema", name, "-"]
    done = subprocess.run(command, cwd=tmp_path, input="{}", capture_output=True, text=True, timeout=60)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert complaint in done.stderr
