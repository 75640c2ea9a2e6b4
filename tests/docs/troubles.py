"""How each error of docs/troubleshooting.md comes about, and what works once its cure is done."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

BRIDGE: dict[str, Any] = {
    "type": "bridge",
    "bridge": "cni0",
    "isGateway": True,
    "ipMasq": True,
    "ipam": {"type": "host-local", "subnet": "10.22.0.0/16"},
}
PORTMAP: dict[str, Any] = {"type": "portmap", "capabilities": {"portMappings": True}}
STATIC: dict[str, Any] = {"type": "static", "addresses": [{"address": "10.9.0.2/24"}]}
ADD = "poplin add mynet /run/netns/blue"
ADDED = f"{ADD} >/dev/null"
CHECK = "poplin check mynet /run/netns/blue"
PUBLISH = "poplin add --publish 8080:80 mynet /run/netns/{}"
INSTALL = "poplin install --bin-dir /opt/cni/bin"
FOLDER = "/etc/cni/net.d"
FILE = f"{FOLDER}/10-mynet.conflist"
AS_USER = "setpriv --reuid=65534 --clear-groups --inh-caps=+dac_read_search --ambient-caps=+dac_read_search"


def network(*plugins: dict[str, Any], version: str = "1.1.0", name: str = "mynet", file: str = FILE) -> str:
    """The command that writes a network's file."""
    text = json.dumps({"cniVersion": version, "name": name, "plugins": plugins})
    return f"cat >{file} <<'END'\n{text}\nEND"


def ipam(**fields: Any) -> str:
    """The network with other addresses."""
    return network({**BRIDGE, "ipam": {"type": "host-local", **fields}}, PORTMAP)


def plugin(text: str) -> str:
    """The network of one plugin that is not ours, and that plugin, on CNI_PATH."""
    write = f"printf '{text}' >/opt/cni/bin/odd; chmod 755 /opt/cni/bin/odd"
    return f"mkdir -p /opt/cni/bin; {write}; export CNI_PATH=/opt/cni/bin:$PWD/bin\n{network({'type': 'odd'})}"


WELL = network(BRIDGE, PORTMAP)
START = ("ip link set lo up", "ip netns add blue", "ip netns add green", f"mkdir -p {FOLDER}", WELL)


@dataclass(frozen=True)
class Trouble:
    """What leads to the message, the command that prints it, and what is to succeed after the page's commands: the same
    command, if nothing else is named."""

    message: str  # its beginning
    command: str
    before: str = "true"
    after: str = ""


TROUBLES = (
    # The command line.
    Trouble("no network configurations found", "poplin status mynet", "export NETCONFPATH=/opt/cni"),
    Trouble("no network '...' in", "poplin status mine", after="poplin status mynet"),
    Trouble("there is no file '...' here", "poplin add mynet blue", after=ADD),
    Trouble("cannot open CNI_NETNS; ...: No such", "poplin add mynet /run/netns/red"),
    Trouble(
        "cannot open CNI_NETNS; ...: not a network",
        "poplin add mynet /run/netns/red",
        "touch /run/netns/red",
        "rm /run/netns/red && ip netns add red && poplin add mynet /run/netns/red",
    ),
    Trouble("CNI_NETNS is the network namespace of", "poplin add mynet /proc/self/ns/net", after=ADD),
    Trouble("failed to find plugin", ADD, "export CNI_PATH=/opt/cni/bin"),
    Trouble(
        "nowhere to look for plugin",
        "python -c 'import poplin.runtime as cni; cni.status(cni.Runtime(()), cni.load(\"mynet\"))'",
        after='python -c \'import poplin.runtime as cni; cni.status(cni.Runtime(("bin",)), cni.load("mynet"))\'',
    ),
    Trouble("... is already attached to network", ADD, ADDED),
    Trouble("none of ... has the capability portMappings", PUBLISH.format("blue"), network(BRIDGE)),
    Trouble(
        "--ip must say for which of",
        "poplin add --ip 10.22.0.5 mynet second /run/netns/blue",
        network({"type": "loopback"}, name="second", file=f"{FOLDER}/20-second.conflist"),
        "poplin add --ip mynet=10.22.0.5 mynet second /run/netns/blue",
    ),
    Trouble("unknown keys in CNI_ARGS", ADD, "export CNI_ARGS=COLOUR=green"),
    Trouble("...: Operation not permitted (code 5); run it as root", f"{AS_USER} {ADD}", after=ADD),
    Trouble("no command; write it after", "poplin run mynet ip addr", after="poplin run mynet -- ip addr"),
    Trouble(
        "invalid characters in container id",
        "poplin add --container-id 'a b' mynet /run/netns/blue",
        after="poplin add --container-id a_b mynet /run/netns/blue",
    ),
    Trouble(
        "plugin ... did not finish within",
        "poplin add --timeout 0.3 mynet /run/netns/blue",
        plugin("#!/bin/sh\\n[ $CNI_COMMAND = DEL ] || sleep 9\\n"),
        f"{WELL}\n{ADD}",
    ),
    Trouble("cannot execute plugin", ADD, plugin("hello\\n"), f"{WELL}\n{ADD}"),
    Trouble("plugin ... failed without an error message", ADD, plugin("#!/bin/sh\\nexit 3\\n"), f"{WELL}\n{ADD}"),
    # Files of networks.
    Trouble("cannot decode the network configuration list", ADD, f'echo \'{{ "name": "mynet", }}\' >{FILE}', WELL),
    Trouble("missing network name", ADD, f"echo '{{ \"plugins\": [] }}' >{FILE}", f"{WELL}\n{ADD}"),
    Trouble("this is a configuration list", ADD, f"mv {FILE} {FOLDER}/10-mynet.conf"),
    Trouble("network '...' has no plugins", ADD, f'echo \'{{ "name": "mynet", "type": "loopback" }}\' >{FILE}'),
    Trouble("incompatible CNI versions", ADD, network(BRIDGE, version="2.0.0"), f"{WELL}\n{ADD}"),
    Trouble(
        "network '...' cannot be checked",
        CHECK,
        f"{network(BRIDGE, version='0.3.1')}\n{ADDED}",
        f"{network(BRIDGE)}\npoplin del mynet /run/netns/blue && {ADD} && {CHECK}",
    ),
    Trouble("cannot decode `...`; expected", ADD, network({**BRIDGE, "mtu": "1500"}), f"{WELL}\n{ADD}"),
    Trouble("unknown key `...`", ADD, network({**BRIDGE, "strict": True, "isGatway": True}), f"{WELL}\n{ADD}"),
    Trouble("required prevResult is missing", PUBLISH.format("blue"), network(PORTMAP, BRIDGE), f"{WELL}\n{ADD}"),
    Trouble("missing `ipam.type`", ADD, network({"type": "ptp"}), f"{WELL}\n{ADD}"),
    # bridge and ptp.
    Trouble("'...' exists and is not a bridge", ADD, "ip link add cni0 type veth peer name other0"),
    Trouble(
        "bridge '...' has the address",
        ADD,
        "ip link add cni0 type bridge; ip address add 10.22.0.254/16 dev cni0",
    ),
    Trouble(
        "cannot set hairpinMode and promiscMode",
        ADD,
        network({**BRIDGE, "hairpinMode": True, "promiscMode": True}),
        f"{WELL}\n{ADD}",
    ),
    Trouble(
        "the container already has an interface",
        ADD,
        "ip -n blue link add eth0 type veth peer name other0",
        "poplin check --ifname eth1 mynet /run/netns/blue",
    ),
    Trouble("interface '...' is gone from the container", CHECK, f"{ADDED}; ip -n blue link delete eth0"),
    Trouble("interface '...' is down", CHECK, f"{ADDED}; ip -n blue link set eth0 down"),
    Trouble("address ... is missing from", CHECK, f"{ADDED}; ip -n blue address flush dev eth0"),
    Trouble("address ... is not masqueraded", CHECK, f"{ADDED}; nft flush ruleset"),
    Trouble(
        "address ... has no gateway",
        ADD,
        network({"type": "ptp", "ipam": STATIC}),
        network({"type": "ptp", "ipam": {"type": "host-local", "subnet": "10.9.0.0/24"}}) + f"\n{ADD}",
    ),
    Trouble("invalid mtu ...; it can be", ADD, network({**BRIDGE, "mtu": 70000}), f"{WELL}\n{ADD}"),
    # Addresses.
    Trouble(
        "no IP addresses available",
        "poplin add mynet /run/netns/green",
        f"{ipam(subnet='10.22.0.0/30')}\n{ADDED}; ip netns delete blue",
    ),
    Trouble(
        "requested address ... is not available",
        "poplin add --ip 10.22.0.5 mynet /run/netns/green",
        "poplin add --ip 10.22.0.5 mynet /run/netns/blue",
    ),
    Trouble(
        "cannot allocate all requested addresses",
        "poplin add --ip 10.99.0.5 mynet /run/netns/blue",
        after="poplin add --ip 10.22.9.5 mynet /run/netns/blue",
    ),
    Trouble("requested address ... is the gateway", "poplin add --ip 10.22.0.1 mynet /run/netns/blue", after=ADD),
    Trouble(
        "... is already allocated to container",
        ADD,
        f"{ADDED}; rm /var/lib/cni/results/*; ip -n blue link delete eth0",
    ),
    Trouble("invalid range set ...; network ... has host bits", ADD, ipam(subnet="10.22.0.1/16"), f"{WELL}\n{ADD}"),
    Trouble(
        "invalid range set ...; network ... is too small",
        ADD,
        ipam(subnet="10.22.0.0/32"),
        f"{ipam(subnet='10.22.0.0/29')}\n{ADD}",
    ),
    Trouble(
        "range sets ... and ... overlap",
        ADD,
        ipam(ranges=[[{"subnet": "10.22.0.0/16"}], [{"subnet": "10.22.5.0/24"}]]),
        f"{WELL}\n{ADD}",
    ),
    Trouble("no IP ranges specified", ADD, ipam(), f"{WELL}\n{ADD}"),
    # Ports.
    Trouble("host port ... is published by", PUBLISH.format("green"), PUBLISH.format("blue")),
    Trouble(
        "host port ... is not published any more",
        CHECK,
        f"{PUBLISH.format('blue')}; nft delete element inet poplin ports4 '{{ tcp . 8080 }}'",
    ),
    Trouble("argument -p/--publish", "poplin add --publish 8080 mynet /run/netns/blue", after=PUBLISH.format("blue")),
    Trouble(
        "lo has the address",
        ADD,
        network({"type": "loopback"}) + "\nip -n blue address add 10.1.1.1/32 dev lo",
    ),
    # Installing.
    Trouble("... has ... of somebody else", INSTALL, "mkdir -p /opt/cni/bin; cp /usr/lib/cni/bridge /opt/cni/bin"),
    Trouble("... has mode ..., others could", INSTALL, "mkdir -p /opt/cni/bin; chmod 777 /opt/cni/bin"),
    Trouble("nothing is installed", "poplin uninstall", after=f"{INSTALL} && poplin uninstall"),
    Trouble("there is no group", f"{INSTALL} --setuid-group nobody-has-this", after=INSTALL),
    # No error.
    Trouble(
        "nothing is connected",
        "poplin list",
        f"export POPLIN_CNI_DIR=/opt/cni/state; {ADDED}; unset POPLIN_CNI_DIR",
        "POPLIN_CNI_DIR=/opt/cni/state poplin list mynet",
    ),
    Trouble(
        "link ... is of ...",
        "poplin list",
        f"{ADDED}; rm /var/lib/cni/results/*",
        "! ip -o link show | grep veth && ! poplin list 2>&1 | grep 'on no record'",
    ),
)

# What cannot be brought about here, or only by waiting: the text is looked for in the code instead.
IN_THE_CODE = (
    "another operation is under way",  # who waits gives up after a minute
    "bridge '...' exists and does not filter VLANs",  # tests/vm has a kernel that can
    "bridge '...' is full",  # tests/plugins/bridge has one
    "libnftables is missing",  # tests/linux/nft
)
