"""The command line as a whole."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from poplin import __version__
from poplin.cli.main import VERBS


@pytest.mark.parametrize("arguments", [[], ["--help"], ["help"]])
def test_help_lists_every_verb_and_an_example(poplin: Any, arguments: list[str]) -> None:
    done = poplin(*arguments)
    assert done.status == 0
    for name, verb in VERBS.items():
        assert f"  {name:{max(map(len, VERBS)) + 2}}{verb.summary}\n" in done.output
    assert "  poplin add mynet /run/netns/blue\n" in done.output


@pytest.mark.parametrize("name", VERBS)
def test_the_help_of_a_verb_ends_with_an_example(poplin: Any, name: str) -> None:
    done = poplin(*name.split(), "--help")
    assert done.status == 0
    assert done.output.startswith(f"usage: poplin {name}")
    assert done.output.endswith(f"example:\n  {VERBS[name].example}\n")


def test_the_version_is_the_packages(poplin: Any) -> None:
    assert poplin("--version").output == f"poplin {__version__}\n"


def test_mistakes_of_usage_have_a_status_of_their_own(poplin: Any) -> None:
    unknown = poplin("attach")
    assert (unknown.status, unknown.errors) == (2, "poplin: no verb 'attach'; `poplin --help` lists them\n")
    half = poplin("plugin", "make")
    assert half.errors == "poplin: no verb 'plugin make'; there are `plugin new` and `plugin check`\n"
    assert poplin("plugin").errors == "poplin: no verb 'plugin'; there are `plugin new` and `plugin check`\n"
    assert poplin("add", "mynet").status == 2
    assert poplin("gc", "mynet", "--everything").status == 2
    assert poplin("run", "mynet", "ip", "addr").status == 2
    assert poplin("run", "mynet", "--", "").status == 2


def test_help_imports_no_verb() -> None:
    script = "import sys; from poplin.cli.main import main; main(['--help']); print(*sys.modules)"
    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    loaded = output.splitlines()[-1].split()
    assert "poplin.cli.main" in loaded
    assert not {f"poplin.cli.{verb.module}" for verb in VERBS.values()} & set(loaded)


def test_the_entry_point_is_this_function() -> None:
    done = subprocess.run([sys.executable, "-m", "poplin.cli.main", "nope"], capture_output=True, text=True)
    assert done.returncode == 2


def test_a_package_that_is_not_installed_is_named() -> None:
    program = (
        "import sys; sys.modules['jsonschema'] = None; from poplin.cli.main import main;"
        "sys.exit(main(['autogen', '--check', '-'], 'poplin'))"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, input='{"type": "nat"}', capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == "poplin autogen: needs the Python package jsonschema; pip install jsonschema\n"
    assert (done.returncode, done.stdout) == (1, "")
