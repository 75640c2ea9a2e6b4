"""VLAN ids as a configuration spells them: one, or the ranges of a trunk."""

from __future__ import annotations

from poplin.spec.errors import InvalidConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from poplin.spec.fields import Fields

HIGHEST_VLAN = 4094  # 4095 is reserved (IEEE 802.1Q)


def read_vlan(fields: Fields) -> int:
    """`vlan`; 0 means none. Raises InvalidConfig."""
    vlan = fields.number("vlan")
    if not 0 <= vlan <= HIGHEST_VLAN:
        raise InvalidConfig(f"invalid vlan {vlan}", f"VLAN ids are 0 to {HIGHEST_VLAN}")
    return vlan


def parse_trunk(items: list[Fields]) -> list[tuple[int, int]]:
    """The ranges of `vlanTrunk`, sorted, without overlaps. Raises InvalidConfig."""
    return merge(found for item in items for found in parse_item(item))


def parse_item(item: Fields) -> list[tuple[int, int]]:
    """One element: `id`, or `minID` with `maxID`, or both."""
    first, last, vid = (find_vid(item, key) for key in ("minID", "maxID", "id"))
    if first is None and last is not None:
        raise InvalidConfig(f"{item.where} has maxID {last} and no minID", "a range needs both; one VLAN is `id`")
    if last is None and first is not None:
        raise InvalidConfig(f"{item.where} has minID {first} and no maxID", "a range needs both; one VLAN is `id`")
    found = []
    if first is not None and last is not None:
        if last < first:
            raise InvalidConfig(f"{item.where}: maxID {last} is below minID {first}", "exchange them")
        found.append((first, last))
    if vid is not None:
        found.append((vid, vid))
    return found


def find_vid(item: Fields, key: str) -> int | None:
    """A VLAN id that a frame can bear, or None if absent."""
    vid = item.find_number(key)
    if vid is not None and not 1 <= vid <= HIGHEST_VLAN:
        raise InvalidConfig(f"invalid `{item.path(key)}` {vid}", f"VLAN ids are 1 to {HIGHEST_VLAN}")
    return vid


def merge(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same ids in as few ranges as can be."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged
