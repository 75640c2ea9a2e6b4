"""The tutorial for authors of plugins: its commands and diffs, followed from top to bottom, make the example."""

from __future__ import annotations

import re
from pathlib import Path

from docs.readme import CHECKOUT, find_shown, has_printed, run_session

PAGE = CHECKOUT / "docs" / "plugin-tutorial.md"  # plugin-tutorial
EXAMPLE = CHECKOUT / "examples" / "plugins" / "knock"
BLOCK = re.compile(r"^```diff\n(.*?)^```$", re.MULTILINE | re.DOTALL)
END = "END_OF_DIFF"
PATIENCE = 1800  # seconds: the project is tested twice, and checked against the specification
# What differs from place to place: where Poplin is, and its command.
PLACE = re.compile(r"^POPLIN = .*$|^ +sys\.path\.insert\(0, .*$", re.MULTILINE)


def as_session(text: str) -> str:
    """The page with each diff as the command that applies it, which prints nothing."""

    def apply(block: re.Match[str]) -> str:
        lines = [f"$ git apply -p0 <<'{END}'", *(f"> {line}" for line in block[1].splitlines()), f"> {END}"]
        return "\n".join(["```console", *lines, "```"])

    return BLOCK.sub(apply, text)


def test_following_the_tutorial_makes_the_example_and_a_real_knock(tmp_path: Path) -> None:
    shown = find_shown(as_session(PAGE.read_text()))
    made = tmp_path / "made"
    ran = run_session([*(item.command for item in shown), f"cp -r . {made}"], tmp_path, patience=PATIENCE)
    differing = [(item, done) for item, done in zip(shown, ran, strict=False) if not has_printed(item, done)]
    assert differing == []
    for file in EXAMPLE.iterdir():
        assert PLACE.sub("", (made / file.name).read_text()) == PLACE.sub("", file.read_text()), file.name
