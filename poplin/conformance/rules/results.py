"""Is it true, what the result of ADD says? And is it kept, what others said before?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from poplin.conformance.bench import Bench
from poplin.conformance.container import Container
from poplin.conformance.rule import NotAsked
from poplin.conformance.rules.verbs import attach_for
from poplin.linux.netns import Namespace
from poplin.linux.wire.addr import delete_address
from poplin.spec.convert import convert
from poplin.spec.result import Interface, Result
from poplin.spec.versions import FAMILIES, NEWEST

STRANGER = {"name": "foreign0", "mac": "02:00:00:00:00:09", "sandbox": "/run/netns/foreign"}
STRANGE_ADDRESS = "203.0.113.9/24"
WITHOUT_INTERFACES = "A"  # the family of versions
STRANGE_ROUTE = {"dst": "203.0.113.128/25", "gw": "203.0.113.1"}


def result_has_the_interface(bench: Bench) -> Iterator[str]:
    """Under the name the runtime asked for, with the path of the namespace it is in."""
    if FAMILIES[bench.subject.version] == WITHOUT_INTERFACES:
        raise NotAsked(f"results have no interfaces in {bench.subject.version}")
    container = bench.attach()
    found = read(bench, container).interfaces
    if not any(each.name == container.ifname and each.sandbox == container.netns for each in found):
        told = [(each.name, each.sandbox) for each in found]
        yield f"none of the interfaces is {(container.ifname, container.netns)}: {told}"


def interfaces_are_there(bench: Bench) -> Iterator[str]:
    """Each where the result says it is, with the MAC it says."""
    container = bench.attach()
    for each in read(bench, container).interfaces:
        if each.sandbox in ("", container.netns):
            yield from compare(each)


def compare(told: Interface) -> Iterator[str]:
    """A link with what is told of it."""
    with Namespace(told.sandbox) if told.sandbox else Namespace() as where:
        link = where.rtnl.find_link(told.name)
    place = told.sandbox or "the host"
    if link is None:
        yield f"there is no link {told.name} in {place}"
    elif told.mac and told.mac.lower() != link.mac:
        yield f"{told.name} in {place} has the MAC {link.mac}, not {told.mac}"


def addresses_point_to_interfaces(bench: Bench) -> Iterator[str]:
    """Those with an index to one in the container."""
    container = bench.attach()
    result = read(bench, container)
    for each in result.ips:
        if each.interface is None:
            continue
        if not 0 <= each.interface < len(result.interfaces):
            yield f"{each.address} has interface {each.interface}, of {len(result.interfaces)}"
        elif not result.interfaces[each.interface].sandbox:
            yield f"{each.address} is said to be on {result.interfaces[each.interface].name}, which is on the host"


def addresses_are_there(bench: Bench) -> Iterator[str]:
    """On the container's interface."""
    container = bench.attach()
    there = list_addresses(container)
    told = [str(each.address) for each in read(bench, container).ips]
    yield from (f"{each} is not on {container.ifname}, which has {there}" for each in told if each not in there)


def routes_are_there(bench: Bench) -> Iterator[str]:
    """In a table of the container's, over the gateway it tells of."""
    container = bench.attach()
    with Namespace(container.netns) as inside:
        there = [(str(each.dst), each.gw) for each in inside.rtnl.list_routes()]
    for each in read(bench, container).routes:
        if not any(dst == str(each.dst) and each.gw in (None, gw) for dst, gw in there):
            via = f" via {each.gw}" if each.gw else ""
            yield f"there is no route to {each.dst}{via}, but to {', '.join(dst for dst, _ in there) or 'nowhere'}"


def interface_is_up(bench: Bench) -> Iterator[str]:
    """So that somebody can use it."""
    container = bench.attach()
    with Namespace(container.netns) as inside:
        link = inside.rtnl.find_link(container.ifname)
    if link and not link.is_up:
        yield f"{container.ifname} is down"


def previous_result_is_kept(bench: Bench) -> Iterator[str]:
    """Interfaces, addresses, routes and names that others told of."""
    container = bench.make_container()
    if container.before is None:
        raise NotAsked("no plugin comes before it")
    before = add_strangers(dict(container.before))
    container.before = before
    after = bench.add(container)
    for key, mark in (("interfaces", "name"), ("ips", "address"), ("routes", "dst")):
        kept = {each.get(mark) for each in after.get(key) or []}
        yield from (f"{key}: {each[mark]} is missing" for each in (before.get(key) or []) if each[mark] not in kept)
    dns = after.get("dns") or {}
    yield from (f"dns.{key} was {value}" for key, value in (before.get("dns") or {}).items() if not dns.get(key))


def add_strangers(result: dict[str, Any]) -> dict[str, Any]:
    """With an interface, an address and a route of somebody else's."""
    interfaces = [*(result.get("interfaces") or []), STRANGER]
    address = {"address": STRANGE_ADDRESS, "interface": len(interfaces) - 1}
    ips, routes = [*(result.get("ips") or []), address], [*(result.get("routes") or []), STRANGE_ROUTE]
    return {**result, "interfaces": interfaces, "ips": ips, "routes": routes}


def check_notices_a_missing_interface(bench: Bench) -> Iterator[str]:
    """Somebody deleted it."""
    container = attach_for("CHECK", bench)
    if not bench.makes_interface(container):
        raise NotAsked("it makes no interface")
    with Namespace(container.netns) as inside:
        inside.rtnl.remove_link(container.ifname)
    if bench.call("CHECK", container).is_success:
        yield f"{container.ifname} was deleted, and CHECK succeeds"


def check_notices_a_missing_address(bench: Bench) -> Iterator[str]:
    """Somebody deleted it."""
    container = attach_for("CHECK", bench)
    told = read(bench, container).ips
    if not told or not bench.makes_interface(container):
        raise NotAsked("it gives the container no address")
    with Namespace(container.netns) as inside:
        link = inside.rtnl.get_link(container.ifname)
        inside.rtnl.apply(delete_address(container.ifname, link.index, told[0].address))
    if bench.call("CHECK", container).is_success:
        yield f"{told[0].address} was deleted, and CHECK succeeds"


def check_without_result_refused(bench: Bench) -> Iterator[str]:
    """There is nothing to compare with."""
    container = attach_for("CHECK", bench)
    if container.ifname == "lo":
        raise NotAsked("what is the same everywhere needs no result")
    answer = bench.call("CHECK", container, without_result=True)
    if answer.is_success:
        yield "CHECK succeeds without prevResult"


def read(bench: Bench, container: Container) -> Result:
    """The result, in the shape of the newest version. Raises Unseen."""
    result = convert(bench.read_result(container), NEWEST)
    assert isinstance(result, Result)
    return result


def list_addresses(container: Container) -> list[str]:
    """Those on the container's interface."""
    with Namespace(container.netns) as inside:
        link = inside.rtnl.find_link(container.ifname)
        return [str(each.prefix) for each in inside.rtnl.list_addresses(link.index)] if link else []
