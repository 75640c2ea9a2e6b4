"""The report as services for continuous integration read it: a suite of JUnit, a case for each rule."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from poplin.conformance.rule import ADVICE, BROKEN, KNOWN, NOT_ASKED, UNSEEN, Outcome

ELEMENTS = {BROKEN: "failure", UNSEEN: "error", NOT_ASKED: "skipped", ADVICE: "skipped", KNOWN: "skipped"}


def make_junit(plugin: str, outcomes: Sequence[Outcome], *, is_strict: bool = False) -> bytes:
    """The document. Advice, and what is known of a plugin, counts as skipped, unless that is to be strict."""
    elements = {**ELEMENTS, **({ADVICE: "failure", KNOWN: "failure"} if is_strict else {})}
    kinds = [elements.get(each.status, "") for each in outcomes]
    counts = {name: str(kinds.count(kind)) for name, kind in COUNTED.items()}
    name = {"name": f"CNI conformance of {plugin}", "tests": str(len(outcomes))}
    suite = ElementTree.Element("testsuite", {**name, **counts})
    for kind, outcome in zip(kinds, outcomes, strict=True):
        where = {"classname": f"{plugin}.{outcome.rule.group}", "name": outcome.rule.name}
        case = ElementTree.SubElement(suite, "testcase", {**where, "time": f"{outcome.seconds:.3f}"})
        if kind:
            message = outcome.why or outcome.rule.demand
            texts = "\n".join(map(make_writable, outcome.texts))
            ElementTree.SubElement(case, kind, message=make_writable(message)).text = texts
    ElementTree.indent(suite)
    text: bytes = ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def make_writable(text: str) -> str:
    """Without what XML has no way to write."""
    return "".join(each if each.isprintable() or each in "\n\t" else "\N{REPLACEMENT CHARACTER}" for each in text)
