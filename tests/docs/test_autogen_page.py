"""docs/autogen.md is true: its commands print what it shows, its Python runs, its tables name every option and key."""

from __future__ import annotations

import argparse
import re

import pytest
from docs.readme import CHECKOUT, Ran, find_shown, run_session

from poplin.autogen.profiles import PROFILES
from poplin.cli import autogen

PAGE = (CHECKOUT / "docs" / "autogen.md").read_text()


def test_commands_print_what_the_page_shows(tmp_path):
    shown = find_shown(PAGE)
    ran = run_session([item.command for item in shown], tmp_path)
    assert ran == [Ran(item.command, 0, item.output) for item in shown]


def test_python_of_the_page_runs(capsys):
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(program, "docs/autogen.md", "exec"), {})
    assert '"subnet": "192.168.0.0/24"' in capsys.readouterr().out


def options() -> list[str]:
    """Every spelling of every option."""
    parser = argparse.ArgumentParser(add_help=False)
    autogen.add_arguments(parser)
    return [spelling for action in parser._actions for spelling in action.option_strings]


@pytest.mark.parametrize("option", options())
def test_every_option_is_in_the_reference(option):
    assert re.search(rf"^\|.*`{option}[ `]", PAGE, re.MULTILINE), f"docs/autogen.md: a row for {option}"


@pytest.mark.parametrize("profile", PROFILES)
def test_every_key_is_in_the_reference_as_its_profile_has_it(profile):
    lines = [line for line in PAGE.splitlines() if line.startswith("| `")]
    rows = [[cell.strip(" `") for cell in line.split("|")[1:-1]] for line in lines]
    column = 2 + list(PROFILES).index(profile)
    said = {row[0]: row[column] for row in rows if len(row) == 5}
    for key in PROFILES[profile].keys:
        expected = "required" if key.is_required else "mandatory" if key.is_mandatory else None
        assert (said[key.name] if said[key.name] in ("required", "mandatory") else None) == expected, key.name
    assert {name for name, text in said.items() if text != "unknown"} == {key.name for key in PROFILES[profile].keys}


@pytest.mark.parametrize("profile", PROFILES)
def test_every_default_policy_is_in_the_reference(profile):
    (section,) = re.findall(rf"^Profile {profile}, .*?(?=^Profile|^## )", PAGE, re.MULTILINE | re.DOTALL)
    missing = [default.name for default in PROFILES[profile].defaults if default.name not in section]
    assert missing == []
