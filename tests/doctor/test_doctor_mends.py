"""Every line that is to mend something, with names that are more than names to a shell, to nft(8) and to options."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mend_lab import ENTRY, HOSTILE, Shell, make_link, make_network, make_place

from poplin.cli.doctor import format_lines
from poplin.doctor import strays
from poplin.doctor.checks import clock, configuration, leftovers, mtu, plugins, services, subnets
from poplin.doctor.configured import Configured
from poplin.doctor.finding import EDITOR, ERROR, Finding, command, delete_link, edit, remove_file, set_mtu, set_switch
from poplin.doctor.gates import OTHER, look_at
from poplin.doctor.place import Place
from poplin.doctor.rewrite import add_plugin, remove_field, set_field, set_version
from poplin.linux.nft.elements import Element, Set
from poplin.linux.nft.kinds import ADDRESS4, IFNAME
from poplin.linux.nft.listing import FORWARD, NF_DROP, BaseChain
from poplin.linux.wire.route import RouteEntry
from poplin.runtime.attachment import Attachment
from poplin.runtime.cache import Entry
from poplin.schema import finding as schema
from poplin.spec.address import parse_ip, parse_prefix
from poplin.spec.names import is_link_name
from poplin.spec.netlist import parse_network_list

NAMES = [pytest.param(name, id=ascii(name)) for name in HOSTILE]
NOW = 1_800_000_000.0


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A fresh one."""
    return Shell(tmp_path)


# Each gives the lines of one place in the checks that puts a name of somebody's choice into them. `folder` is where the
# shell is, so what is in a folder of the hostile name there has a path that begins with it.


def of_bridge_ports(name: str, folder: Path) -> Iterable[str]:
    bridge, port = make_link("cni0", 1, mtu=1500), make_link(name, 2, master=1, mtu=9000)
    return [each.mend for each in mtu.compare_ports(bridge, make_network(), make_place(folder, bridge, port))]


def of_uneven_cables(name: str, folder: Path) -> Iterable[str]:
    inner, outer = make_link("eth0", mtu=9000), make_link("veth0", mtu=1500)
    yield mtu.tell_uneven_cable(inner, outer, f"/run/netns/{name}").mend
    yield mtu.tell_uneven_cable(make_link(name, mtu=9000), outer, "/run/netns/blue").mend


def of_tunnels(name: str, folder: Path) -> Iterable[str]:
    place = make_place(folder)
    place.uplink = make_link("up0", mtu=1400)
    return [each.mend for each in mtu.compare_tunnel(make_link(name, 2, mtu=1500, kind="vxlan", data={}), place)]


def of_idle_bridges(name: str, folder: Path) -> Iterable[str]:
    ipam = {"type": "host-local", "subnet": "10.22.0.0/16"}
    source = {**ENTRY, "plugins": [{"type": "bridge", "isGateway": True, "ipam": ipam}]}
    network = Configured(Path("/n.conflist"), parse_network_list(json.dumps(source).encode()))
    bridge = make_link(name, 7, kind="bridge")
    routes = [RouteEntry(parse_prefix("10.22.0.0/16"), 7)]
    return [each.mend for each in subnets.compare_with_routes(network, routes, {7: bridge}, set())]


def of_links(name: str, folder: Path) -> Iterable[str]:
    return [delete_link(name), set_mtu(name, 1500), set_switch(f"net/ipv4/conf/{name}/forwarding", 1)]


def of_stray_links(name: str, folder: Path) -> Iterable[str]:
    with pytest.MonkeyPatch.context() as patch:
        seen = SimpleNamespace(unrecorded=[SimpleNamespace(name=name, key="mynet/c1/eth0")])
        patch.setattr(strays, "survey", lambda cache, kernel: seen)
        found = list(strays.list_links(make_place(folder)))
    return [leftovers.tell_strays("mynet", found, make_place(folder), is_old=False).mend]


def of_leases(name: str, folder: Path) -> Iterable[str]:
    leases = folder / name / "mynet"
    leases.mkdir(parents=True)
    (leases / "10.22.0.5").write_text("c1\r\neth0")
    os.utime(leases / "10.22.0.5", (1, 1))
    settings = SimpleNamespace(data_dir=name)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        found = list(strays.list_leases(SimpleNamespace(name="mynet", leases=settings), []))
    return [each.removal for each in found]


def of_times(name: str, folder: Path) -> Iterable[str]:
    return [each.mend for each in clock.judge(clock.Clock(NOW, NOW, True, ((name, NOW + 1), ("/b", NOW + 2))))]


def of_records(name: str, folder: Path) -> Iterable[str]:
    """A namespace and an interface may be called anything; so may the folder of the records, and other files there."""
    place = make_place(folder / name)
    for netns, ifname in ((f"/run/netns/{name}", "eth0"), (name, "eth0"), ("/run/netns/blue", name)):
        if is_link_name(ifname):
            yield leftovers.delete(Entry("mynet", Attachment("c1", netns, ifname)), place)
    Path(place.cache.results).mkdir(parents=True)
    (Path(place.cache.results) / name).write_text("{")
    yield from [each.mend for each in leftovers.find_unreadable(place)]


def of_files(name: str, folder: Path) -> Iterable[str]:
    (folder / name).mkdir()
    file = f"{name}/10-mynet.conflist"
    network = make_network(file)
    yield from [edit(file), remove_file(file), add_plugin(network, "firewall"), set_version(network, "1.0.0")]
    yield from [remove_field(network, "firewall", "backend"), set_field(network, "mtu", "1500")]
    yield configuration.tell_absent(name).mend
    wrong = schema.Finding(schema.ERROR, "where", "text", file=file)
    (found,) = configuration.judge(file, [wrong] * (configuration.MOST_SHOWN + 1))
    yield from [found.mend, found.evidence[-1]]


def of_versions(name: str, folder: Path) -> Iterable[str]:
    return [set_version(make_network(str(folder / "10-mynet.conflist")), name)]


def of_plugins(name: str, folder: Path) -> Iterable[str]:
    (folder / name).mkdir()
    file = folder / name / "bridge"
    file.write_text("")
    file.chmod(0o644)
    wanted = plugins.Wanted("bridge", ["mynet"])
    obstacle = plugins.find_obstacle(wanted, str(file))
    assert obstacle
    yield obstacle.mend
    yield plugins.install_into(name, force=True)
    file.chmod(0o777)
    yield from [each.mend for each in plugins.find_others(wanted, str(file))]


def of_sockets(name: str, folder: Path) -> Iterable[str]:
    return [services.start(name)]


PLACES: dict[str, Callable[[str, Path], Iterable[str]]] = {
    name.removeprefix("of_"): value for name, value in list(globals().items()) if name.startswith("of_")
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_stays_a_name(shell: Shell, place: str, name: str) -> None:
    lines = list(PLACES[place](name, shell.cwd))
    assert lines
    for line in lines:
        assert line.isprintable(), "it is one line, and can be copied from a terminal"
        words = shell.run(line)
        assert "pwned" not in words, "which would be a command"
        assert any(name in word or json.dumps(name) in word for word in words), words
        options = [word for before, word in pairwise(words) if word.startswith(name) and before != "dev"]
        assert options == [] or not name.startswith("-"), "it is taken for an option"


@pytest.mark.parametrize("name", NAMES)
def test_what_nft_cannot_write_is_in_none_of_its_lines(name: str, tmp_path: Path) -> None:
    place = make_place(tmp_path)
    for table, chain in ((f"inet {name}", "forward"), ("inet mine", name)):
        gate = look_at(BaseChain(table, chain, FORWARD, 0, NF_DROP), place)
        assert gate
        assert (gate.kind, gate.is_open, gate.remedy) == (OTHER, False, "")
    assert strays.remove_element(Element(Set("inet poplin", name, (ADDRESS4,)), (parse_ip("10.22.0.2"),))) == ""
    assert strays.remove_element(Element(Set("inet poplin", "ports", (IFNAME,)), (f'"{name}',))) == ""


def test_a_stray_that_no_line_removes_leaves_out_only_its_own() -> None:
    found = [strays.Stray("element", "n", "a", ""), strays.Stray("link", "n", "b", "ip link delete dev b")]
    assert leftovers.tell_strays("n", found, Place("/nowhere", ()), is_old=False).mend == "ip link delete dev b"


@pytest.mark.parametrize("name", [*NAMES, "two\nends\n", "nul\0", "\ud800"])
def test_a_finding_is_one_line_for_each_thing_it_says(name: str) -> None:
    lines = format_lines("leftovers", Finding(ERROR, name, (name, name), command("rm", name)))
    assert len(lines) == 5
    assert all(line.isprintable() for line in lines)
    assert [line[:10] for line in lines[1:]] == ["    seen: ", "    seen: ", "    mend: ", ""]


def test_lines_of_plain_names_are_as_people_write_them() -> None:
    assert command("ip", "link", "delete", "dev", "eth0.5") == "ip link delete dev eth0.5"
    assert command("rm", "my file") == "rm 'my file'"
    assert command("rm", "a\nb") == "rm \"$(printf %b 'a\\0012b')\""
    assert set_switch("net/ipv4/conf/eth0.5/rp_filter", 2) == "sysctl -w net/ipv4/conf/eth0.5/rp_filter=2"
    assert edit("-x") == f"{EDITOR} ./-x"


@pytest.mark.parametrize("name", ["x;pwned", "$(pwned)", "it's", 'a"b', "-h"])
def test_links_are_mended_by_ip_itself_whatever_they_are_called(clinic: Any, name: str) -> None:
    clinic.configure(clinic.bridge("10.22.0.0/16"))
    word = command(name)
    clinic.sh("ip link add cni0 type bridge && ip link set cni0 up")
    clinic.sh(f"ip link add {word} type veth peer name far && ip link set dev {word} mtu 1400 master cni0")
    clinic.sh("ip link set cni0 mtu 1500")  # it followed its port
    clinic.cure("mtu", clinic.find_one("mtu"))
    clinic.sh(f"ip link delete dev {word} && ip link add {word} type bridge && ip link set dev {word} up")
    clinic.sh(f"ip address add 10.22.0.1/16 dev {word}")
    clinic.cure("subnets", clinic.find_one("subnets"))
    assert name not in clinic.host.links()
