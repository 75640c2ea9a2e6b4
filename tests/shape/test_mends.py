"""The lines for a shell that `poplin doctor` prints, which root will run: every name in them is quoted in one place."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from shape.source import modules


def test_names_come_into_a_line_by_the_one_way_that_quotes_them() -> None:
    """Who needs `shlex` spells a line by hand."""
    doctors = [module for module in modules().values() if module.layer == "doctor"]
    importing = [module.name for module in doctors if any(each.module == "shlex" for each in module.imports)]
    assert importing == ["poplin.doctor.finding"]
    by_hand = [f"{module.where}:{each.lineno}" for module in doctors for each in find_mends(module.tree)]
    assert by_hand == [], "a mend is not an f-string with a command's name in front"


def find_mends(tree: ast.AST) -> Iterable[ast.JoinedStr]:
    """What is given to a finding as its mend, or called so, and begins with a word written by hand."""
    for node in ast.walk(tree):
        strings = [each for value in list_given(node) for each in walk_outside_commands(value)]
        yield from (each for each in strings if isinstance(each, ast.JoinedStr) and begins_with_a_program(each))


def list_given(node: ast.AST) -> list[ast.expr]:
    """The mends in a call of Finding, or in an assignment."""
    match node:
        case ast.Call(func=ast.Name(id="Finding"), args=arguments):
            return arguments[3:]
        case ast.Assign(targets=[ast.Name(id="mend")], value=value):
            return [value]
    return []


def walk_outside_commands(node: ast.AST) -> Iterable[ast.AST]:
    """The nodes that are no words of what is quoted."""
    match node:
        case ast.Call(func=ast.Name(id="command")):
            return
    yield node
    for each in ast.iter_child_nodes(node):
        yield from walk_outside_commands(each)


def begins_with_a_program(string: ast.JoinedStr) -> bool:
    """Whether it begins so; that of the switches is followed by a line as it should be."""
    first = string.values[0]
    return isinstance(first, ast.Constant) and first.value != "mount -o remount,rw /proc/sys && "
