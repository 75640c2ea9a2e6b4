"""Conversion of results between all spec versions: 49 pairs, from three steps.

Within a family only the version changes, nothing is stripped. Between families the way leads through B:

    A ── to_tagged ──▶ B ── drop_tags ──▶ C        C ── add_tags ──▶ B ── to_old ──▶ A
"""

from __future__ import annotations

from poplin.spec.errors import DecodingFailure
from poplin.spec.result import Interface, IPConfig, OldAddress, OldResult, Result, Route
from poplin.spec.versions import FAMILIES, OLDEST, list_versions


def convert(result: Result | OldResult, version: str) -> Result | OldResult:
    """The same result in the shape of `version` (empty: the oldest).

    Raises DecodingFailure for an unknown version, and for family A when there is no address to tell of.
    """
    version = version or OLDEST
    for name in (result.version, version):
        if name not in FAMILIES:
            raise DecodingFailure(f"cannot convert to or from version {name!r}", f"known are {list_versions(FAMILIES)}")
    if result.version == version:
        return result
    target = FAMILIES[version]
    if isinstance(result, OldResult):
        if target == "A":
            return OldResult(version, result.ip4, result.ip6, result.dns)
        tagged = to_tagged(result, version)
        return tagged if target == "B" else drop_tags(tagged, version)
    if FAMILIES[result.version] == target:
        return Result(version, result.interfaces, result.ips, result.routes, result.dns)
    if target == "C":
        return drop_tags(result, version)
    tagged = result if FAMILIES[result.version] == "B" else add_tags(result, version)
    return tagged if target == "B" else to_old(tagged, version)


def convert_to_newest_family(result: Result | OldResult, version: str) -> Result:
    """`convert` to a version of family B or C, for those who work with one shape only."""
    converted = convert(result, version)
    if isinstance(converted, OldResult):
        raise DecodingFailure(f"version {version!r} has no interfaces")
    return converted


def to_tagged(old: OldResult, version: str) -> Result:
    """A to B: nothing is lost; ip4 comes before ip6, in ips and in routes."""
    pairs = [(tag, part) for tag, part in (("4", old.ip4), ("6", old.ip6)) if part]
    ips = [IPConfig(part.address, part.gateway, None, tag) for tag, part in pairs]
    return Result(version, [], ips, [route for _, part in pairs for route in part.routes], old.dns)


def drop_tags(result: Result, version: str) -> Result:
    """B to C: the tag goes, whatever it said."""
    ips = [IPConfig(item.address, item.gateway, item.interface) for item in result.ips]
    return Result(version, result.interfaces, ips, result.routes, result.dns)


def add_tags(result: Result, version: str) -> Result:
    """C to B: the tag comes from the address; what only newer interfaces have goes."""
    ips = [IPConfig(item.address, item.gateway, item.interface, str(item.address.ip.version)) for item in result.ips]
    interfaces = [Interface(item.name, item.mac, item.sandbox) for item in result.interfaces]
    return Result(version, interfaces, ips, result.routes, result.dns)


def to_old(result: Result, version: str) -> OldResult:
    """B to A: the first address tagged 4 and the first tagged 6, each with its family's routes (dst and gw only)."""
    first = {item.tag: item for item in reversed(result.ips)}
    tags: list[str] = [tag for tag in ("4", "6") if tag in first]
    parts = {tag: OldAddress(first[tag].address, first[tag].gateway) for tag in tags}
    if not parts:
        raise DecodingFailure(
            f"cannot convert the result to version {version}", "it has no valid IP address, which 0.1.0 and 0.2.0 need"
        )
    for route in result.routes:
        part = parts.get(str(route.dst.ip.version))
        if part:
            part.routes.append(Route(route.dst, route.gw))
    return OldResult(version, parts.get("4"), parts.get("6"), result.dns)
