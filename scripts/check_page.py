"""The rules and the known defects in docs/plugin-check.md, from the tables of poplin.conformance."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from poplin.conformance.known import DEFECTS
from poplin.conformance.rule import Rule
from poplin.conformance.table import RULES
from poplin.spec.versions import OLDEST

PAGE = Path(__file__).resolve().parents[1] / "docs" / "plugin-check.md"


def main(arguments: list[str]) -> int:
    """Write the page, or with --check name it if it is not up to date."""
    text = PAGE.read_text()
    made = fill(fill(text, "rules", list_rules()), "defects", list_defects())
    if made == text:
        return 0
    print(PAGE.relative_to(PAGE.parents[1]))
    if "--check" in arguments:
        return 1
    PAGE.write_text(made)
    return 0


def fill(text: str, what: str, lines: list[str]) -> str:
    """The text with these lines between its marks."""
    begin, end = f"<!-- begin {what} -->", f"<!-- end {what} -->"
    body = "\n".join([begin, *lines, end])
    return re.sub(f"{begin}.*?{end}", lambda _: body, text, flags=re.DOTALL)


def list_rules() -> list[str]:
    """A table."""
    rows = [f"| `{each.name}` | {each.demand} | {tell_place(each)} |" for each in RULES.values()]
    return ["| rule | what it demands | where that is said |", "|---|---|---|", *rows]


def tell_place(rule: Rule) -> str:
    """The section, and since when it says so."""
    return rule.section if rule.since == OLDEST else f"{rule.section}, since {rule.since}"


def list_defects() -> list[str]:
    """A table."""
    rows = [
        f"| `{rule}` | {', '.join(defect.types) or 'all'} | {defect.why} |"
        for rule, defects in DEFECTS.items()
        for defect in defects
    ]
    return ["| rule | plugins | why |", "|---|---|---|", *rows]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
