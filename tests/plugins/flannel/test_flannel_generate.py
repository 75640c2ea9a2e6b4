"""What flannel tells its delegate, from the network's configuration and what the daemon says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from doubles import Double, MakeDouble
from flannel_lab import NETWORK, NETWORK6, PLAIN, REST, SUBNET, SUBNET6, Flannel
from netlab import Container

from poplin.plugins.flannel.generate import generate
from poplin.plugins.flannel.settings import Settings
from poplin.plugins.flannel.subnet import parse_subnet, read_subnet
from poplin.spec.call import Call, Config, Environment
from poplin.spec.errors import PluginNotAvailable
from poplin.spec.versions import KNOWN

OLD, NEW = ["", "0.1.0", "0.2.0"], [version for version in KNOWN if version >= "0.3.0"]
SEED = {
    "name": "mynet",
    "type": "bridge",
    "mtu": 1472,
    "ipMasq": False,
    "isGateway": True,
    "ipam": {"type": "host-local", "subnet": "10.1.17.0/24"},
}
RANGES = {"ranges": [[{"subnet": "10.1.17.0/24"}]], "routes": [{"dst": "10.1.0.0/16"}]}


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("flannel", *rows)


def make(lines: tuple[str, ...] = PLAIN, version: str = "1.0.0", **fields: Any) -> dict[str, Any]:
    """The delegate's configuration."""
    head = {"cniVersion": version} if version else {}
    environ = {"CNI_COMMAND": "ADD", "CNI_CONTAINERID": "c", "CNI_NETNS": "/n", "CNI_IFNAME": "eth0", "CNI_PATH": "/p"}
    call = Call(Environment(environ), Config({**head, "name": "mynet", "type": "flannel", **fields}))
    return generate(call, Settings(call), parse_subnet("\n".join(lines)))


@pytest.mark.parametrize("version", OLD)
def test_before_0_3_0_it_is_what_the_documentation_shows(version: str) -> None:
    assert make(version=version) == SEED | ({"cniVersion": version} if version else {})


@pytest.mark.parametrize("version", NEW)
@facts(1, 16)
def test_since_0_3_0_there_are_ranges_and_routes(version: str) -> None:
    assert make(version=version) == {**SEED, "cniVersion": version, "ipam": {"type": "host-local", **RANGES}}


@facts(16)
def test_without_a_version_the_delegate_has_none() -> None:
    assert "cniVersion" not in make(version="")
    assert make(version="0.2.0")["cniVersion"] == "0.2.0"


BOTH = (NETWORK, SUBNET, NETWORK6, SUBNET6, *REST)
SEVERAL = ("FLANNEL_NETWORK=10.1.0.0/16,10.2.3.4/16", SUBNET, *REST)
V4, V6 = [{"subnet": "10.1.17.0/24"}], [{"subnet": "fc00::/64"}]


@pytest.mark.parametrize(
    ("lines", "ranges", "routes"),
    [
        pytest.param(SEVERAL, [V4], ["10.1.0.0/16", "10.2.0.0/16"], marks=facts(3), id="several networks"),
        pytest.param(
            ("FLANNEL_NETWORK=10.1.2.3/16,10.1.0.0/16", SUBNET, *REST),
            [V4],
            ["10.1.0.0/16"],
            marks=facts(4),
            id="one twice",
        ),
        pytest.param((NETWORK6, SUBNET6, *REST), [V6], ["fc00::/48"], marks=facts(5), id="IPv6"),
        pytest.param(BOTH, [V4, V6], ["10.1.0.0/16", "fc00::/48"], marks=facts(6), id="both"),
        pytest.param(BOTH[2:4] + BOTH[:2] + REST, [V4, V6], ["10.1.0.0/16", "fc00::/48"], id="both, IPv6 first"),
    ],
)
def test_addresses_of_other_shapes(lines: tuple[str, ...], ranges: list[Any], routes: list[str]) -> None:
    assert make(lines)["ipam"] == {
        "type": "host-local",
        "ranges": ranges,
        "routes": [{"dst": each} for each in routes],
    }


@pytest.mark.parametrize("version", OLD)
def test_before_0_3_0_what_one_subnet_cannot_say_is_said_the_newer_way(version: str) -> None:
    for lines in (BOTH, SEVERAL):
        assert make(lines, version)["ipam"] == make(lines)["ipam"]
    assert make((NETWORK6, SUBNET6, *REST), version)["ipam"] == {"type": "host-local", "subnet": "fc00::/64"}


@facts(9)
@pytest.mark.parametrize("version", KNOWN)
def test_what_the_network_says_of_addresses_stays(version: str) -> None:
    rest = {"type": "other", "colour": "blue"}
    ipam = {**rest, "Routes": [{"dst": "0.0.0.0/0", "gw": "10.1.17.9"}], "ranges": [1]}
    told = make(version=version, ipam=ipam)["ipam"]
    if version < "0.3.0":
        assert told == {**rest, "ranges": [1], "subnet": "10.1.17.0/24", "routes": ipam["Routes"]}
    else:
        assert told == {
            **rest,
            "ranges": RANGES["ranges"],
            "routes": [*ipam["Routes"], *RANGES["routes"]],  # type: ignore[misc]
        }


@facts(10)
@pytest.mark.parametrize("ipam", [None, {}, {"type": ""}, {"type": None}, {"dataDir": "/x"}])
def test_addresses_are_host_locals_unless_others_are_named(ipam: Any) -> None:
    assert make(ipam=ipam)["ipam"]["type"] == "host-local"


@facts(11)
def test_what_the_network_says_of_the_delegate_stays() -> None:
    delegate = {"mtu": 1400, "bridge": "mynet0", "hairpinMode": True, "IpMasq": True, "isGateway": False, "x": [1]}
    assert make(delegate=delegate) == {
        **delegate,
        "cniVersion": "1.0.0",
        "name": "mynet",
        "type": "bridge",
        "ipam": {"type": "host-local", **RANGES},
    }


@facts(12)
def test_only_a_bridge_is_a_gateway() -> None:
    told = make(delegate={"type": "ipvlan", "master": "eth0"})
    assert (told["type"], told["master"], told["mtu"], "isGateway" in told) == ("ipvlan", "eth0", 1472, False)
    assert make(delegate={"type": None})["isGateway"] is True


@facts(14)
@pytest.mark.parametrize(
    ("said", "is_masqueraded"), [("true", False), ("false", True), ("", True), ("True", True), ("true ", True)]
)
def test_the_plugin_masquerades_if_the_daemon_does_not(said: str, is_masqueraded: bool) -> None:
    assert make((NETWORK, SUBNET, "FLANNEL_MTU=1472", f"FLANNEL_IPMASQ={said}"))["ipMasq"] is is_masqueraded


@facts(15)
def test_what_the_runtime_hands_over_is_passed_on() -> None:
    handed = {"portMappings": [{"hostPort": 8080, "containerPort": 80}]}
    told = make(runtimeConfig=handed, args={"cni": {"ips": ["10.1.17.9"]}}, delegate={"RuntimeConfig": {"mac": "x"}})
    assert (told["runtimeConfig"], told["args"]) == (handed, {"cni": {"ips": ["10.1.17.9"]}})
    assert "RuntimeConfig" not in told


# What is wrong.

REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "name": ({"delegate": {"name": "x"}}, 7, "`delegate.name` is not for the network to say"),
    "ipam": ({"delegate": {"ipam": {}}}, 7, "`delegate.ipam` is not for the network to say"),
    "number": ({"delegate": {"type": 5}}, 6, "cannot decode `delegate.type`"),
    "itself": ({"delegate": {"type": "flannel"}}, 7, "`delegate.type` is 'flannel', the plugin itself"),
    "no type": ({"delegate": {"type": ""}}, 7, "missing plugin type: the configuration has no `type`"),
    "a path": ({"delegate": {"type": "../x"}}, 7, "invalid plugin type"),
    "text": ({"delegate": "bridge"}, 6, "cannot decode `delegate`"),
    "list": ({"ipam": []}, 6, "cannot decode `ipam`"),
    "routes": ({"ipam": {"routes": {}}}, 6, "cannot decode `ipam.routes`"),
    "file": ({"subnetFile": "a\0b"}, 7, "`subnetFile` is not a path"),
    "unknown": ({"strict": True, "colour": 1}, 2, "unknown key `colour` in a strict configuration"),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[facts(13)] if name in ("name", "ipam", "number") else []) for name in REFUSED]
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    flannel: Flannel, container: Container, name: str
) -> None:
    fields, code, words = REFUSED[name]
    assert flannel.refuse("ADD", container, **fields)[:2] == (code, words)
    assert (flannel.files(), container.links(), flannel.host.links()) == ([], [], [])


ALL_SIX = (
    "FLANNEL_NETWORK, FLANNEL_IPV6_NETWORK, FLANNEL_SUBNET, FLANNEL_IPV6_SUBNET, FLANNEL_MTU, FLANNEL_IPMASQ missing"
)
BAD_ENV: dict[str, tuple[tuple[str, ...], str]] = {
    "others": (("foo=bar",), ALL_SIX),
    "empty": ((), ALL_SIX),
    "no MTU": ((NETWORK, SUBNET, "FLANNEL_IPMASQ=true"), "FLANNEL_MTU missing"),
    "no subnet": ((NETWORK, NETWORK6, *REST), "FLANNEL_SUBNET, FLANNEL_IPV6_SUBNET missing"),
    "no address": (
        ("FLANNEL_NETWORK=10.1.0.0", SUBNET, *REST),
        "FLANNEL_NETWORK: '10.1.0.0' is not an address with a prefix length, like 10.1.2.3/24",
    ),
    "no address in a list": (
        ("FLANNEL_NETWORK=10.1.0.0/16,", SUBNET, *REST),
        "FLANNEL_NETWORK: '' is not an address with a prefix length, like 10.1.2.3/24",
    ),
    "space": (
        (NETWORK, "FLANNEL_SUBNET=10.1.17.1/24 ", *REST),
        "FLANNEL_SUBNET: '10.1.17.1/24 ' is not an address with a prefix length, like 10.1.2.3/24",
    ),
    "another version": (
        (NETWORK, "FLANNEL_SUBNET=fc00::1/64", *REST),
        "FLANNEL_SUBNET: 'fc00::1/64' is no IPv4 network",
    ),
    "text": (
        (NETWORK, SUBNET, "FLANNEL_MTU=large", "FLANNEL_IPMASQ=true"),
        "FLANNEL_MTU: 'large' is no number from 0 to 4294967295",
    ),
    "large": (
        (NETWORK, SUBNET, "FLANNEL_MTU=4294967296", "FLANNEL_IPMASQ=true"),
        "FLANNEL_MTU: '4294967296' is no number from 0 to 4294967295",
    ),
    "nothing after it": ((*PLAIN, "FLANNEL_MTU"), "there is no `=` after FLANNEL_MTU"),
}
ENV_ROWS = {"others": [facts(8)], "no address": [facts(18)], "text": [facts(18)]}


@pytest.mark.parametrize("name", [pytest.param(name, marks=ENV_ROWS.get(name, [])) for name in BAD_ENV])
def test_a_file_that_says_no_subnet_is_an_error_and_no_status(
    flannel: Flannel, container: Container, name: str
) -> None:
    lines, details = BAD_ENV[name]
    flannel.write_env(*lines)
    for command in ("ADD", "STATUS"):
        assert flannel.refuse(command, container) == (50, f"{flannel.env} says no subnet", details)
    assert (flannel.files(), container.links()) == ([], [])


def test_without_the_file_nothing_can_be_attached(flannel: Flannel, container: Container) -> None:
    flannel.env.unlink()
    for command in ("ADD", "STATUS"):
        assert flannel.refuse(command, container) == (
            50,
            f"there is no {flannel.env}",
            "flannel's daemon writes it; is it running?",
        )
    flannel.env.mkdir()
    assert flannel.refuse("STATUS", None)[:2] == (50, f"cannot read {flannel.env}")
    assert flannel.files() == []


def test_lines_of_others_and_ends_of_other_systems_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "subnet.env"
    path.write_text("\n# flannel\r\n" + "\r\n".join((*PLAIN, "FLANNEL_COLOUR", "FLANNEL_MTU=1400")))
    subnet = read_subnet(str(path))
    assert (subnet.mtu, [str(each) for each in subnet.networks], subnet.is_masqueraded) == (1400, ["10.1.0.0/16"], True)
    path.write_bytes(b"\xff")
    with pytest.raises(PluginNotAvailable):
        read_subnet(str(path))


# What a delegate of somebody else's gets.


@pytest.fixture
def other(double: MakeDouble) -> Double:
    made = double("other")
    made.tell(ADD={"cniVersion": "1.1.0", "ips": [{"address": "10.1.17.2/24"}]})
    return made


@facts(1)
def test_what_is_kept_is_exactly_what_the_delegate_gets(flannel: Flannel, container: Container, other: Double) -> None:
    how = {"environ": {"CNI_PATH": str(other.path.parent)}}
    result = flannel.do("ADD", container, delegate={"type": "other"}, how=how)
    assert result == {"cniVersion": "1.1.0", "ips": [{"address": "10.1.17.2/24"}]}
    (call,) = other.calls
    assert call["stdin"] == (flannel.scratch / container.id).read_text()
    assert json.loads(call["stdin"])["type"] == "other"
    assert flannel.files() == flannel.kept(container, "eth0")
    modes = [path.stat().st_mode & 0o777 for path in (flannel.scratch, flannel.scratch / container.id)]
    assert modes == [0o700, 0o600]
    told = {"prevResult": result}
    for command in ("CHECK", "DEL"):
        flannel.do(command, container, **told, how=how)
    flannel.do("STATUS", None, delegate={"type": "other"}, how=how)
    valid = [{"containerID": container.id, "ifname": "eth0"}]
    flannel.do("GC", None, delegate={"type": "other"}, how=how, **{"cni.dev/valid-attachments": valid})
    assert other.commands == ["ADD", "CHECK", "DEL", "STATUS", "GC"]
    first, check, delete, status, garbage = other.configs
    assert check == delete == {**first, **told}
    assert status == first
    assert garbage == {
        "cniVersion": "1.1.0",
        "name": "mynet",
        "type": "other",
        "ipam": {"type": "host-local", "dataDir": str(flannel.leases)},
        "cni.dev/valid-attachments": valid,
    }
