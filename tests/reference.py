"""What the reference plugins make of the firewall: through either kind of iptables, and as their nft backends write it.

Debian's plugins only know iptables. What newer releases do with nft is made here with nft itself, rule for rule.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from netlab import REFERENCE, Container, Host

KINDS = ("nft", "legacy")  # of iptables
TOOLS = ("iptables", "ip6tables")
FAMILIES = {4: "ip", 6: "ip6"}
both_kinds = pytest.mark.parametrize("kind", KINDS)


class Reference:
    """The reference plugins on a host, and what its iptables of one kind has."""

    def __init__(self, host: Host, kind: str, folder: Path) -> None:
        self.host = host
        self.kind = kind
        self.environ = {"PATH": f"{folder}:/usr/sbin:/usr/bin"}
        folder.mkdir()
        for tool in TOOLS:
            os.symlink(f"/usr/sbin/{tool}-{kind}", folder / tool)

    def cni(self, command: str, conf: Mapping[str, object], container: Container, **variables: str) -> dict[str, Any]:
        """The result of a call of the reference's plugin that must succeed."""
        return self.host.cni(command, conf, container, bin_dir=REFERENCE, environ=self.environ | variables)

    def rules(self) -> list[str]:
        """The rules and own chains of the nat tables of both versions, sorted."""
        lines = [line for tool in TOOLS for line in self.host.sh(f"{tool}-{self.kind}-save -t nat").splitlines()]
        return sorted(line.partition(" [")[0] for line in lines if line.startswith(("-A ", ":CNI")))

    def iptables(self, arguments: str, tool: str = "iptables") -> None:
        """Edit the nat table."""
        self.host.sh(f"{tool}-{self.kind} -w -t nat {arguments}")


def digits(text: str, length: int) -> str:
    """The first of the hex digits of SHA-512."""
    return hashlib.sha512(text.encode()).hexdigest()[:length]


# nft backends.

MASQUERADE_TABLE = """
table inet cni_plugins_masquerade {
	comment "Masquerading for plugins from github.com/containernetworking/plugins"
	chain masq_checks { }
	chain postrouting {
		type nat hook postrouting priority 100;
		ip daddr 224.0.0.0/4 return
		ip6 daddr ff00::/8 return
		goto masq_checks
	}
}
"""


def masquerade_by_nft(host: Host, network: str, container_id: str, ifname: str, *addresses: str) -> None:
    """ipMasq with nft; addresses are `10.1.2.3/24`."""
    lines = [] if "cni_plugins_masquerade" in host.sh("nft list tables") else [MASQUERADE_TABLE]
    owner = f"{digits(network, 16)}-{digits(f'{ifname}:{container_id}', 16)}"
    comment = f"{owner}, net: {network}, if: {ifname}, id: {container_id}"[:128]
    for each in addresses:
        ip = "ip6" if ":" in each else "ip"
        rule = f'{ip} saddr {each.partition("/")[0]} {ip} daddr != {each} masquerade comment "{comment}"'
        lines.append(f"add rule inet cni_plugins_masquerade masq_checks {rule}")
    load(host, lines)


def masquerade_comments(host: Host) -> list[str]:
    """`10.1.2.3 COMMENT` of each rule of ipMasq with nft, in order."""
    lines = host.sh("nft list chain inet cni_plugins_masquerade masq_checks").splitlines()
    rules = [line.split() for line in lines if "saddr" in line]
    return [f"{words[words.index('saddr') + 1]} {' '.join(words[words.index('comment') + 1 :])}" for words in rules]


PORT_TABLE = """
table {ip} cni_hostport {{
	comment "CNI portmap plugin"
	chain hostports {{ }}
	chain hostip_hostports {{ }}
	chain hostports_all {{
		jump hostip_hostports
		jump hostports
	}}
	chain prerouting {{
		type nat hook prerouting priority -100;
		fib daddr type local jump hostports_all
	}}
	chain output {{
		type nat hook output priority -100;
		fib daddr type local jump hostports_all
	}}
	chain masquerading {{
		type nat hook postrouting priority 100;
	}}
}}
"""


def publish_by_nft(host: Host, container_id: str, address: str, *ports: int) -> None:
    """portmap with nft: tcp ports of the host, each to port 80 of the container."""
    version = 6 if ":" in address else 4
    ip = FAMILIES[version]
    target = f"[{address}]" if version == 6 else address
    lines = [] if f"{ip} cni_hostport" in host.sh("nft list tables") else [PORT_TABLE.format(ip=ip)]
    comment = f'comment "{container_id}"'
    lines += [f"add rule {ip} cni_hostport hostports tcp dport {port} dnat to {target}:80 {comment}" for port in ports]
    callers = [address, "127.0.0.1"] if version == 4 else [address]
    masquerade = f"add rule {ip} cni_hostport masquerading {ip} saddr {{}} {ip} daddr {address} masquerade {comment}"
    load(host, [*lines, *map(masquerade.format, callers)])


def port_rules(host: Host, version: int) -> list[str]:
    """`CONTAINER verdict` of each rule that bears a container's id, in order."""
    lines = host.sh(f"nft list table {FAMILIES[version]} cni_hostport").splitlines()
    rules = [line.strip().partition(" comment ") for line in lines if "dport" in line or "saddr" in line]
    return [f"{comment.strip(chr(34))}: {words}" for words, _, comment in rules]


def load(host: Host, lines: list[str]) -> None:
    """Have nft do this."""
    text = "\n".join(lines).replace("'", "'\\''")
    host.sh(f"sh -c 'echo \"$0\" | nft -f -' '{text}'")
