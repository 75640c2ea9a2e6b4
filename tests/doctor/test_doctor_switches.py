"""`poplin doctor --only switches`: what is off, and what that stops."""

from __future__ import annotations

import json
from typing import Any

import pytest

CHECK = "switches"


def test_forwarding_that_somebody_switched_off_is_an_error(clinic: Any) -> None:
    file = clinic.configure(clinic.bridge())
    clinic.attach()
    assert clinic.find(CHECK) == []
    clinic.host.set_sysctl("net/ipv4/ip_forward", "0")
    found = clinic.find_one(CHECK)
    assert found == {
        "check": CHECK,
        "severity": "error",
        "text": "the host does not forward IPv4, and 1 container of network mynet is attached",
        "evidence": ["/proc/sys/net/ipv4/ip_forward is 0", f"{file}: this host forwards for its containers"],
        "mend": "sysctl -w net/ipv4/ip_forward=1",
    }
    assert clinic.visit(CHECK).status == 4
    clinic.cure(CHECK, found)


def test_forwarding_that_the_first_container_will_switch_on_is_a_note(clinic: Any) -> None:
    clinic.configure(clinic.bridge())
    clinic.host.set_sysctl("net/ipv4/ip_forward", "0")
    found = clinic.find_one(CHECK)
    assert (found["severity"], clinic.visit(CHECK).status) == ("note", 0)
    assert found["text"] == "the host does not forward IPv4 yet; the first container of network mynet switches that on"
    clinic.cure(CHECK, found)


def test_forwarding_that_nobody_can_switch_on_is_an_error(clinic: Any) -> None:
    clinic.configure(clinic.bridge())
    clinic.host.set_sysctl("net/ipv4/ip_forward", "0")
    inside = "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys"
    doctor = "python3 -m poplin.cli.main doctor --only switches || true"
    shown = clinic.sh(f"unshare -m sh -c '{inside}; {doctor}'")
    assert shown.startswith("error: switches: the host does not forward IPv4, network mynet needs it, and it cannot be")
    assert "    mend: mount -o remount,rw /proc/sys && sysctl -w net/ipv4/ip_forward=1\n" in shown
    again = clinic.sh(
        f"unshare -m sh -c '{inside}; mount -o remount,rw /proc/sys && sysctl -w net/ipv4/ip_forward=1; {doctor}'"
    )
    assert again.endswith("nothing found in 1 check\n")


@pytest.mark.parametrize("hidden", ["/proc/sys", "/proc/sys/net/ipv4"])
def test_switches_that_are_hidden_are_not_seen(clinic: Any, hidden: str) -> None:
    """As in a container; it is not taken for a kernel that lacks them."""
    clinic.configure(clinic.bridge("fd22::/64"))
    clinic.host.set_sysctl("net/ipv6/conf/all/forwarding", "1")
    doctor = "python3 -m poplin.cli.main doctor --only switches"
    done = clinic.run(["unshare", "-m", "sh", "-c", f"mount -t tmpfs none {hidden}; {doctor}"])
    assert (done.returncode, done.stdout) == (1, "nothing found in 1 check\n")
    assert done.stderr == (
        "poplin doctor: switches: could not look: /proc/sys/net/ipv4/ip_forward: No such file or directory\n"
    )


def test_a_network_that_does_not_need_it_is_left_alone(clinic: Any) -> None:
    clinic.configure(clinic.bridge(isGateway=False, ipMasq=False))
    clinic.host.set_sysctl("net/ipv4/ip_forward", "0")
    assert clinic.find(CHECK) == []


def test_forwarding_of_ipv6_counts_for_networks_that_have_it(clinic: Any) -> None:
    clinic.configure(clinic.bridge("fd22::/64"))
    clinic.attach()
    assert clinic.find(CHECK) == []
    clinic.host.set_sysctl("net/ipv6/conf/all/forwarding", "0")
    found = clinic.find_one(CHECK)
    assert found["text"] == "the host does not forward IPv6, and 1 container of network mynet is attached"
    clinic.cure(CHECK, found)


def test_a_bridge_for_which_alone_forwarding_is_off(clinic: Any) -> None:
    clinic.configure(clinic.bridge())
    clinic.attach()
    clinic.host.set_sysctl("net/ipv4/conf/cni0/forwarding", "0")
    found = clinic.find_one(CHECK)
    assert found["text"] == "the host forwards, but not what comes in by cni0, as packets of network mynet do"
    assert found["evidence"] == ["/proc/sys/net/ipv4/conf/cni0/forwarding is 0"]
    clinic.cure(CHECK, found)


@pytest.mark.parametrize(
    ("switch", "severity", "text"),
    [
        ("all", "warning", "IPv6 is off on this host, and network mynet has IPv6 addresses"),
        ("cni0", "error", "IPv6 is off on bridge cni0, and containers of network mynet have IPv6 addresses"),
    ],
)
def test_ipv6_that_is_off(clinic: Any, switch: str, severity: str, text: str) -> None:
    clinic.configure(clinic.bridge("fd22::/64"))
    clinic.attach()
    clinic.host.set_sysctl(f"net/ipv6/conf/{switch}/disable_ipv6", "1")
    found = clinic.find_one(CHECK, severity)
    assert found["text"] == text
    assert found["evidence"][0] == f"/proc/sys/net/ipv6/conf/{switch}/disable_ipv6 is 1"
    clinic.cure(CHECK, found)


def test_a_kernel_without_ipv6(clinic: Any) -> None:
    """Its switches are hidden, which is all that is asked for."""
    clinic.configure(clinic.bridge("fd22::/64"))
    hide = "mount -t tmpfs none /proc/sys/net/ipv6; exec python3 -m poplin.cli.main doctor --json --only switches"
    done = clinic.run(["unshare", "-m", "sh", "-c", hide])
    (found,) = json.loads(done.stdout)["findings"]
    assert (done.returncode, found["severity"], found["mend"]) == (4, "error", "")
    assert found["text"] == (
        "the kernel has no IPv6, and network mynet has IPv6 addresses; boot it without ipv6.disable=1"
    )


def add_uplinks(clinic: Any) -> None:
    """Two ways out, of which the first is taken."""
    clinic.sh(
        "ip link add up1 type veth peer name up1x; ip link add up2 type veth peer name up2x\n"
        "for n in 1 2; do ip address add 192.0.$n.2/24 dev up$n; ip link set up$n up; ip link set up${n}x up\n"
        "ip route add default via 192.0.$n.1 dev up$n metric $n; done"
    )


def test_a_second_way_in_that_drops_who_calls_published_ports(clinic: Any) -> None:
    clinic.configure(clinic.bridge(), {"type": "portmap", "capabilities": {"portMappings": True}})
    clinic.host.set_sysctl("net/ipv4/ip_forward", "1")
    add_uplinks(clinic)
    clinic.host.set_sysctl("net/ipv4/conf/all/rp_filter", "0")
    assert clinic.find(CHECK) == []
    clinic.host.set_sysctl("net/ipv4/conf/all/rp_filter", "1")
    found = clinic.find_one(CHECK)
    assert found["severity"] == "warning"
    assert found["text"] == "who calls a published port at 192.0.2.2 is not heard, as up2 is strict"
    assert found["evidence"] == [
        "/proc/sys/net/ipv4/conf/up2/rp_filter, or that of all, is 1",
        "ip route get 198.51.100.1 from 192.0.2.2: leaves by up1",
    ]
    clinic.cure(CHECK, found)


def test_a_second_way_in_with_a_rule_of_routing_is_well(clinic: Any) -> None:
    clinic.configure(clinic.bridge(), {"type": "portmap", "capabilities": {"portMappings": True}})
    clinic.host.set_sysctl("net/ipv4/ip_forward", "1")
    add_uplinks(clinic)
    clinic.host.set_sysctl("net/ipv4/conf/all/rp_filter", "1")
    clinic.sh("ip route add default via 192.0.2.1 dev up2 table 100; ip rule add from 192.0.2.2 table 100")
    assert clinic.find(CHECK) == []


def test_published_ports_that_the_host_itself_cannot_call(clinic: Any) -> None:
    clinic.configure(clinic.bridge(), {"type": "portmap", "capabilities": {"portMappings": True}})
    clinic.attach(options="--publish 8080:80")
    assert clinic.find(CHECK) == []
    clinic.host.set_sysctl("net/ipv4/conf/cni0/route_localnet", "0")
    found = clinic.find_one(CHECK)
    assert found["text"] == "the host itself cannot call ports that network mynet publishes at 127.0.0.1"
    clinic.cure(CHECK, found)
