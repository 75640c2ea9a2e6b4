"""Records on slots."""

from __future__ import annotations

from poplin.spec.record import Record


class Point(Record):
    __slots__ = ("x", "y")

    def __init__(self, x: int, y: int = 0) -> None:
        self.x = x
        self.y = y


class Spot(Point):
    __slots__ = ()


def test_records_compare_by_their_values():
    assert Point(1, 2) == Point(1, 2) != Point(2, 1)
    assert {Point(1, 2), Point(1, 2)} == {Point(1, 2)}


def test_records_of_different_classes_differ():
    assert Point(1) != Spot(1)
    assert Point(1) != (1, 0)


def test_records_print_what_is_set():
    assert repr(Point(1)) == "Point(x=1)"
    assert Point(1, 2).values() == [1, 2]
