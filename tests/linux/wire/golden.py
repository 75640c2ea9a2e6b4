"""Every request we can make, with the command it equals, its bytes, and what an independent decoder reads in them.

Where a body can be read back, the last column is the record it unpacks to. The bytes are those of a little-endian
machine, as the ones Poplin runs on are.
"""

from __future__ import annotations

from typing import NamedTuple

from poplin.linux.netlink import Request
from poplin.linux.wire.addr import add_address, delete_address, list_addresses
from poplin.linux.wire.bridge import add_bridge, set_port
from poplin.linux.wire.dummy import add_dummy
from poplin.linux.wire.ipvlan import add_ipvlan
from poplin.linux.wire.link import (
    Link,
    delete_group,
    delete_link,
    free_link,
    get_link,
    get_link_by_index,
    list_links,
    set_link,
)
from poplin.linux.wire.macvlan import add_macvlan
from poplin.linux.wire.move import delete_alternative_name, move_link, rename_link
from poplin.linux.wire.neigh import (
    delete_neighbour,
    get_neighbour,
    list_neighbours,
    probe_neighbour,
    set_neighbour,
)
from poplin.linux.wire.route import (
    RouteEntry,
    add_route,
    append_route,
    delete_route,
    get_route,
    list_routes,
    replace_route,
)
from poplin.linux.wire.rule import RoutingRule, add_rule, delete_rule, list_rules
from poplin.linux.wire.upper import Upper
from poplin.linux.wire.veth import add_veth
from poplin.linux.wire.vlan import NATIVE, Vlans, add_vlans, delete_vlans, list_vlans
from poplin.linux.wire.vlan_device import add_vlan_device
from poplin.linux.wire.vrf import add_vrf
from poplin.spec.address import parse_ip, parse_prefix


class Golden(NamedTuple):
    """One request. `meaning` is in the words of the oracle, `record` the repr of what it unpacks to."""

    request: Request
    command: str
    body: str
    meaning: str
    record: str = ""


MAC = bytes.fromhex("020000000001")
UPPER = Upper("eth0", Link(2, "eth1"), 5, "blue")
FULL = Upper("eth0", Link(2, "eth1"), 5, mtu=1400, mac=MAC)

GOLDEN = [
    # Links.
    Golden(
        get_link("eth0"),
        "ip link show dev eth0",
        "00000000 00000000 00000000 00000000 09000300 65746830 00000000 08001d00 08000000",
        "RTM_GETLINK 0x0 IFLA_IFNAME=eth0 IFLA_EXT_MASK=8",
    ),
    Golden(
        get_link("an-alternative-name"),
        "ip link show dev an-alternative-name",
        ("00000000 00000000 00000000 00000000 18003500 616e2d61 6c746572 6e617469 76652d6e 616d6500 08001d00 08000000"),
        "RTM_GETLINK 0x0 IFLA_ALT_IFNAME=an-alternative-name IFLA_EXT_MASK=8",
    ),
    Golden(
        get_link_by_index(7),
        "ip link show index 7",
        "00000000 07000000 00000000 00000000 08001d00 08000000",
        "RTM_GETLINK 0x0 index=7 IFLA_EXT_MASK=8",
    ),
    Golden(
        list_links(),
        "ip link show",
        "00000000 00000000 00000000 00000000 08001d00 08000000",
        "RTM_GETLINK 0x0 IFLA_EXT_MASK=8",
    ),
    Golden(
        list_links("veth"),
        "ip link show type veth",
        "00000000 00000000 00000000 00000000 08001d00 08000000 10001280 09000100 76657468 00000000",
        "RTM_GETLINK 0x0 IFLA_EXT_MASK=8 IFLA_LINKINFO{IFLA_INFO_KIND=veth}",
    ),
    Golden(
        list_links(master=7),
        "ip link show master 7",
        "00000000 00000000 00000000 00000000 08001d00 08000000 08000a00 07000000",
        "RTM_GETLINK 0x0 IFLA_EXT_MASK=8 IFLA_MASTER=7",
    ),
    Golden(
        set_link("eth0", up=True),
        "ip link set dev eth0 up",
        "00000000 00000000 01000000 01000000 09000300 65746830 00000000",
        "RTM_NEWLINK 0x0 flags=1 change=1 IFLA_IFNAME=eth0",
        "Link(flags=1, name='eth0')",
    ),
    Golden(
        set_link("eth0", 7, promisc=False, allmulti=True, mac=MAC, mtu=1400, txqlen=20000),
        "ip link set dev eth0 promisc off allmulticast on address 02:00:00:00:00:01 mtu 1400 txqueuelen 20000",
        ("00000000 07000000 00020000 00030000 0a000100 02000000 00010000 08000400 78050000 08000d00 204e0000"),
        "RTM_NEWLINK 0x0 index=7 flags=512 change=768 IFLA_ADDRESS=02:00:00:00:00:01 IFLA_MTU=1400 IFLA_TXQLEN=20000",
        "Link(flags=512, index=7, mac='02:00:00:00:00:01', mtu=1400, txqlen=20000)",
    ),
    Golden(
        set_link("eth0", 7, up=False, promisc=True),
        "ip link set dev eth0 down promisc on",
        "00000000 07000000 00010000 01010000",
        "RTM_NEWLINK 0x0 index=7 flags=256 change=257",
        "Link(flags=256, index=7)",
    ),
    Golden(
        set_link("eth0", 7, mac=MAC),
        "ip link set dev eth0 address 02:00:00:00:00:01",
        "00000000 07000000 00000000 00000000 0a000100 02000000 00010000",
        "RTM_NEWLINK 0x0 index=7 IFLA_ADDRESS=02:00:00:00:00:01",
        "Link(index=7, mac='02:00:00:00:00:01')",
    ),
    Golden(
        set_link("eth0", 7, master=9, master_name="cni0", up=True),
        "ip link set dev eth0 up master cni0",
        "00000000 07000000 01000000 01000000 08000a00 09000000",
        "RTM_NEWLINK 0x0 index=7 flags=1 change=1 IFLA_MASTER=9",
        "Link(flags=1, index=7, master=9)",
    ),
    Golden(
        set_link("eth0", alias="net/c1/eth0"),
        "ip link set dev eth0 alias net/c1/eth0",
        "00000000 00000000 00000000 00000000 09000300 65746830 00000000 0f001400 6e65742f 63312f65 74683000",
        "RTM_NEWLINK 0x0 IFLA_IFNAME=eth0 IFLA_IFALIAS=net/c1/eth0",
        "Link(alias='net/c1/eth0', name='eth0')",
    ),
    Golden(
        set_link("eth0", 7, group=0x80000001),
        "ip link set dev eth0 group 2147483649",
        "00000000 07000000 00000000 00000000 08001b00 01000080",
        "RTM_NEWLINK 0x0 index=7 IFLA_GROUP=2147483649",
        "Link(index=7)",
    ),
    Golden(
        delete_link("eth0"),
        "ip link delete dev eth0",
        "00000000 00000000 00000000 00000000 09000300 65746830 00000000",
        "RTM_DELLINK 0x0 IFLA_IFNAME=eth0",
    ),
    Golden(
        delete_link("eth0", 7),
        "ip link delete dev eth0",
        "00000000 07000000 00000000 00000000",
        "RTM_DELLINK 0x0 index=7",
    ),
    Golden(
        delete_group(0x80000001),
        "ip link delete group 2147483649",
        "00000000 00000000 00000000 00000000 08001b00 01000080",
        "RTM_DELLINK 0x0 IFLA_GROUP=2147483649",
    ),
    # Kinds of links.
    Golden(
        add_veth("veth0", "eth0", 5, "blue"),
        "ip link add veth0 type veth peer name eth0 netns blue",
        (
            "00000000 00000000 00000000 00000000 0a000300 76657468 30000000 3c001280 09000100 76657468 00000000 "
            "2c000280 28000100 00000000 00000000 00000000 00000000 09000300 65746830 00000000 08001c00 05000000"
        ),
        (
            "RTM_NEWLINK 0x600 IFLA_IFNAME=veth0 IFLA_LINKINFO{IFLA_INFO_KIND=veth "
            "IFLA_INFO_DATA{VETH_INFO_PEER{IFLA_IFNAME=eth0 IFLA_NET_NS_FD=5}}}"
        ),
    ),
    Golden(
        add_veth("veth0", "eth0", 5, "blue", mtu=1400, peer_mac=MAC),
        ("ip link add veth0 mtu 1400 type veth peer name eth0 netns blue mtu 1400 address 02:00:00:00:00:01"),
        (
            "00000000 00000000 00000000 00000000 0a000300 76657468 30000000 08000400 78050000 50001280 09000100 "
            "76657468 00000000 40000280 3c000100 00000000 00000000 00000000 00000000 09000300 65746830 00000000 "
            "08001c00 05000000 08000400 78050000 0a000100 02000000 00010000"
        ),
        (
            "RTM_NEWLINK 0x600 IFLA_IFNAME=veth0 IFLA_MTU=1400 IFLA_LINKINFO{IFLA_INFO_KIND=veth "
            "IFLA_INFO_DATA{VETH_INFO_PEER{IFLA_IFNAME=eth0 IFLA_NET_NS_FD=5 IFLA_MTU=1400 "
            "IFLA_ADDRESS=02:00:00:00:00:01}}}"
        ),
    ),
    Golden(
        add_bridge("cni0", MAC),
        "ip link add cni0 address 02:00:00:00:00:01 type bridge",
        (
            "00000000 00000000 00000000 00000000 09000300 636e6930 00000000 0a000100 02000000 00010000 10001280 "
            "0b000100 62726964 67650000"
        ),
        ("RTM_NEWLINK 0x600 IFLA_IFNAME=cni0 IFLA_ADDRESS=02:00:00:00:00:01 IFLA_LINKINFO{IFLA_INFO_KIND=bridge}"),
        "Link(kind='bridge', mac='02:00:00:00:00:01', name='cni0')",
    ),
    Golden(
        add_bridge("cni0", MAC, mtu=9000),
        "ip link add cni0 address 02:00:00:00:00:01 mtu 9000 type bridge",
        (
            "00000000 00000000 00000000 00000000 09000300 636e6930 00000000 0a000100 02000000 00010000 08000400 "
            "28230000 10001280 0b000100 62726964 67650000"
        ),
        (
            "RTM_NEWLINK 0x600 IFLA_IFNAME=cni0 IFLA_ADDRESS=02:00:00:00:00:01 IFLA_MTU=9000 "
            "IFLA_LINKINFO{IFLA_INFO_KIND=bridge}"
        ),
        "Link(kind='bridge', mac='02:00:00:00:00:01', mtu=9000, name='cni0')",
    ),
    Golden(
        add_bridge("cni0", MAC, vlan_filtering=True),
        "ip link add cni0 address 02:00:00:00:00:01 type bridge vlan_filtering 1",
        (
            "00000000 00000000 00000000 00000000 09000300 636e6930 00000000 0a000100 02000000 00010000 1c001280 "
            "0b000100 62726964 67650000 0c000280 05000700 01000000"
        ),
        (
            "RTM_NEWLINK 0x600 IFLA_IFNAME=cni0 IFLA_ADDRESS=02:00:00:00:00:01 IFLA_LINKINFO{IFLA_INFO_KIND=bridge "
            "IFLA_INFO_DATA{IFLA_BR_VLAN_FILTERING=1}}"
        ),
        "Link(data={7: b'\\x01'}, kind='bridge', mac='02:00:00:00:00:01', name='cni0')",
    ),
    Golden(
        set_port("veth0", 7, hairpin=True, isolated=False),
        "ip link set dev veth0 type bridge_slave hairpin on isolated off",
        (
            "00000000 07000000 00000000 00000000 24001280 0b000400 62726964 67650000 14000580 05000400 01000000 "
            "05002100 00000000"
        ),
        (
            "RTM_NEWLINK 0x0 index=7 IFLA_LINKINFO{IFLA_INFO_SLAVE_KIND=bridge "
            "IFLA_INFO_SLAVE_DATA{IFLA_BRPORT_MODE=1 IFLA_BRPORT_ISOLATED=0}}"
        ),
        "Link(index=7, port={4: b'\\x01', 33: b'\\x00'})",
    ),
    Golden(
        set_port("veth0", 7, hairpin=False, isolated=True),
        "ip link set dev veth0 type bridge_slave hairpin off isolated on",
        (
            "00000000 07000000 00000000 00000000 24001280 0b000400 62726964 67650000 14000580 05000400 00000000 "
            "05002100 01000000"
        ),
        (
            "RTM_NEWLINK 0x0 index=7 IFLA_LINKINFO{IFLA_INFO_SLAVE_KIND=bridge "
            "IFLA_INFO_SLAVE_DATA{IFLA_BRPORT_MODE=0 IFLA_BRPORT_ISOLATED=1}}"
        ),
        "Link(index=7, port={4: b'\\x00', 33: b'\\x01'})",
    ),
    Golden(
        set_link("eth0", 7, mac=MAC, mtu=1400),
        "ip link set dev eth0 address 02:00:00:00:00:01 mtu 1400",
        "00000000 07000000 00000000 00000000 0a000100 02000000 00010000 08000400 78050000",
        "RTM_NEWLINK 0x0 index=7 IFLA_ADDRESS=02:00:00:00:00:01 IFLA_MTU=1400",
        "Link(index=7, mac='02:00:00:00:00:01', mtu=1400)",
    ),
    Golden(
        move_link(Link(7, "ens1"), 5, "eth0", alias="ens1", where="blue"),
        "ip link set dev ens1 netns blue name eth0 alias ens1",
        ("00000000 07000000 00000000 00000000 08001c00 05000000 09000300 65746830 00000000 08001400 656e7331"),
        "RTM_NEWLINK 0x0 index=7 IFLA_NET_NS_FD=5 IFLA_IFNAME=eth0 IFLA_IFALIAS=ens1",
        "Link(alias='ens1', index=7, name='eth0')",
    ),
    Golden(
        move_link(Link(7, "eth0"), 5, "ens1", alias="", up=True),
        "ip link set dev eth0 netns 5 name ens1 up alias ",
        "00000000 07000000 01000000 01000000 08001c00 05000000 09000300 656e7331 00000000 04001400",
        "RTM_NEWLINK 0x0 index=7 flags=1 change=1 IFLA_NET_NS_FD=5 IFLA_IFNAME=ens1 IFLA_IFALIAS=",
        "Link(flags=1, index=7, name='ens1')",
    ),
    Golden(
        rename_link(Link(7, "eth0"), "ens1", alias="the left one", up=True),
        "ip link set dev eth0 name ens1 up alias the left one",
        ("00000000 07000000 01000000 01000000 09000300 656e7331 00000000 10001400 74686520 6c656674 206f6e65"),
        "RTM_NEWLINK 0x0 index=7 flags=1 change=1 IFLA_IFNAME=ens1 IFLA_IFALIAS=the left one",
        "Link(alias='the left one', flags=1, index=7, name='ens1')",
    ),
    Golden(
        delete_alternative_name(Link(7, "eth0"), "ens1"),
        "ip link property del dev eth0 altname ens1",
        "00000000 07000000 00000000 00000000 10003480 09003500 656e7331 00000000",
        "RTM_DELLINKPROP 0x0 index=7 IFLA_PROP_LIST{IFLA_ALT_IFNAME=ens1}",
    ),
    Golden(
        add_macvlan(UPPER, "bridge"),
        "ip link add eth0 link eth1 netns blue type macvlan mode bridge",
        (
            "00000000 00000000 00000000 00000000 09000300 65746830 00000000 08000500 02000000 08001c00 05000000 "
            "1c001280 0c000100 6d616376 6c616e00 0c000280 08000100 04000000"
        ),
        (
            "RTM_NEWLINK 0x600 IFLA_IFNAME=eth0 IFLA_LINK=2 IFLA_NET_NS_FD=5 IFLA_LINKINFO{IFLA_INFO_KIND=macvlan "
            "IFLA_INFO_DATA{IFLA_MACVLAN_MODE=bridge}}"
        ),
        "Link(data={1: b'\\x04\\x00\\x00\\x00'}, kind='macvlan', link=2, name='eth0')",
    ),
    Golden(
        add_macvlan(FULL, "passthru"),
        "ip link add eth0 link eth1 mtu 1400 address 02:00:00:00:00:01 type macvlan mode passthru",
        (
            "00000000 00000000 00000000 00000000 09000300 65746830 00000000 08000500 02000000 08001c00 05000000 "
            "08000400 78050000 0a000100 02000000 00010000 1c001280 0c000100 6d616376 6c616e00 0c000280 08000100 "
            "08000000"
        ),
        (
            "RTM_NEWLINK 0x600 IFLA_IFNAME=eth0 IFLA_LINK=2 IFLA_NET_NS_FD=5 IFLA_MTU=1400 "
            "IFLA_ADDRESS=02:00:00:00:00:01 IFLA_LINKINFO{IFLA_INFO_KIND=macvlan "
            "IFLA_INFO_DATA{IFLA_MACVLAN_MODE=passthru}}"
        ),
        (
            "Link(data={1: b'\\x08\\x00\\x00\\x00'}, kind='macvlan', link=2, mac='02:00:00:00:00:01', mtu=1400, "
            "name='eth0')"
        ),
    ),
    Golden(
        add_macvlan(UPPER, "vepa", queue=2000),
        "ip link add eth0 link eth1 netns blue type macvlan mode vepa bcqueuelen 2000",
        (
            "00000000 00000000 00000000 00000000 09000300 65746830 00000000 08000500 02000000 08001c00 05000000 "
            "24001280 0c000100 6d616376 6c616e00 14000280 08000100 02000000 08000700 d0070000"
        ),
        (
            "RTM_NEWLINK 0x600 IFLA_IFNAME=eth0 IFLA_LINK=2 IFLA_NET_NS_FD=5 IFLA_LINKINFO{IFLA_INFO_KIND=macvlan "
            "IFLA_INFO_DATA{IFLA_MACVLAN_MODE=vepa UNKNOWN={'header': {'length': 8, 'type': 7}}}}"
        ),
        "Link(data={1: b'\\x02\\x00\\x00\\x00', 7: b'\\xd0\\x07\\x00\\x00'}, kind='macvlan', link=2, name='eth0')",
    ),
    Golden(
        add_ipvlan(UPPER, "l3s"),
        "ip link add eth0 link eth1 netns blue type ipvlan mode l3s",
        (
            "00000000 00000000 00000000 00000000 09000300 65746830 00000000 08000500 02000000 08001c00 05000000 "
            "1c001280 0b000100 6970766c 616e0000 0c000280 06000100 02000000"
        ),
        (
            "RTM_NEWLINK 0x600 IFLA_IFNAME=eth0 IFLA_LINK=2 IFLA_NET_NS_FD=5 IFLA_LINKINFO{IFLA_INFO_KIND=ipvlan "
            "IFLA_INFO_DATA{IFLA_IPVLAN_MODE=2}}"
        ),
        "Link(data={1: b'\\x02\\x00'}, kind='ipvlan', link=2, name='eth0')",
    ),
    Golden(
        add_vlan_device(FULL, 4094),
        "ip link add eth0 link eth1 mtu 1400 address 02:00:00:00:00:01 type vlan id 4094",
        (
            "00000000 00000000 00000000 00000000 09000300 65746830 00000000 08000500 02000000 08001c00 05000000 "
            "08000400 78050000 0a000100 02000000 00010000 1c001280 09000100 766c616e 00000000 0c000280 06000100 "
            "fe0f0000"
        ),
        (
            "RTM_NEWLINK 0x600 IFLA_IFNAME=eth0 IFLA_LINK=2 IFLA_NET_NS_FD=5 IFLA_MTU=1400 "
            "IFLA_ADDRESS=02:00:00:00:00:01 IFLA_LINKINFO{IFLA_INFO_KIND=vlan IFLA_INFO_DATA{IFLA_VLAN_ID=4094}}"
        ),
        "Link(data={1: b'\\xfe\\x0f'}, kind='vlan', link=2, mac='02:00:00:00:00:01', mtu=1400, name='eth0')",
    ),
    Golden(
        add_dummy("eth0"),
        "ip link add eth0 type dummy",
        "00000000 00000000 00000000 00000000 09000300 65746830 00000000 10001280 0a000100 64756d6d 79000000",
        "RTM_NEWLINK 0x600 IFLA_IFNAME=eth0 IFLA_LINKINFO{IFLA_INFO_KIND=dummy}",
        "Link(kind='dummy', name='eth0')",
    ),
    # VLANs of bridge ports.
    Golden(
        add_vlans("veth0", 7, [Vlans(100, flags=NATIVE)]),
        "bridge vlan add dev veth0 vid 100 pvid untagged",
        "07000000 07000000 00000000 00000000 0c001a80 08000200 06006400",
        "RTM_SETLINK 0x0 family=7 index=7 IFLA_AF_SPEC{IFLA_BRIDGE_VLAN_INFO={'flags': 6, 'vid': 100}}",
        "Vlans(first=100, flags=6, last=100)",
    ),
    Golden(
        add_vlans("veth0", 7, [Vlans(1, flags=NATIVE), Vlans(101), Vlans(200, 210)]),
        (
            "bridge vlan add dev veth0 vid 1 pvid untagged; bridge vlan add dev veth0 vid 101; "
            "bridge vlan add dev veth0 vid 200-210"
        ),
        (
            "07000000 07000000 00000000 00000000 24001a80 08000200 06000100 08000200 00006500 08000200 0800c800 "
            "08000200 1000d200"
        ),
        (
            "RTM_SETLINK 0x0 family=7 index=7 IFLA_AF_SPEC{IFLA_BRIDGE_VLAN_INFO={'flags': 6, 'vid': 1} "
            "IFLA_BRIDGE_VLAN_INFO={'flags': 0, 'vid': 101} IFLA_BRIDGE_VLAN_INFO={'flags': 8, 'vid': 200} "
            "IFLA_BRIDGE_VLAN_INFO={'flags': 16, 'vid': 210}}"
        ),
        "Vlans(first=1, flags=6, last=1)",
    ),
    Golden(
        delete_vlans("veth0", 7, [Vlans(1)]),
        "bridge vlan del dev veth0 vid 1",
        "07000000 07000000 00000000 00000000 0c001a80 08000200 00000100",
        "RTM_DELLINK 0x0 family=7 index=7 IFLA_AF_SPEC{IFLA_BRIDGE_VLAN_INFO={'flags': 0, 'vid': 1}}",
    ),
    Golden(
        list_vlans(7),
        "bridge vlan show index 7",
        "07000000 07000000",
        "RTM_GETVLAN 0x0 family=7 ifindex=7",
    ),
    # Addresses.
    Golden(list_addresses(7), "ip address show index 7", "00000000 07000000", "RTM_GETADDR 0x0 index=7"),
    Golden(list_addresses(0, 10), "ip address show", "0a000000 00000000", "RTM_GETADDR 0x0 family=10"),
    Golden(
        add_address("eth0", 7, parse_prefix("10.1.2.3/24")),
        "ip address add 10.1.2.3/24 dev eth0 broadcast 10.1.2.255",
        "02180000 07000000 08000200 0a010203 08000100 0a010203 08000400 0a0102ff",
        (
            "RTM_NEWADDR 0x600 family=2 prefixlen=24 index=7 IFA_LOCAL=10.1.2.3 IFA_ADDRESS=10.1.2.3 "
            "IFA_BROADCAST=10.1.2.255"
        ),
        "Address(index=7, prefix=<Prefix 10.1.2.3/24>)",
    ),
    Golden(
        add_address("eth0", 7, parse_prefix("10.1.2.3/31")),
        "ip address add 10.1.2.3/31 dev eth0",
        "021f0000 07000000 08000200 0a010203 08000100 0a010203",
        "RTM_NEWADDR 0x600 family=2 prefixlen=31 index=7 IFA_LOCAL=10.1.2.3 IFA_ADDRESS=10.1.2.3",
        "Address(index=7, prefix=<Prefix 10.1.2.3/31>)",
    ),
    Golden(
        add_address("eth0", 7, parse_prefix("2001:db8::3/64")),
        "ip address add 2001:db8::3/64 dev eth0 nodad",
        (
            "0a400000 07000000 14000200 20010db8 00000000 00000000 00000003 14000100 20010db8 00000000 00000000 "
            "00000003 08000800 02000000"
        ),
        ("RTM_NEWADDR 0x600 family=10 prefixlen=64 index=7 IFA_LOCAL=2001:db8::3 IFA_ADDRESS=2001:db8::3 IFA_FLAGS=2"),
        "Address(flags=2, index=7, prefix=<Prefix 2001:db8::3/64>)",
    ),
    Golden(
        add_address("eth0", 7, parse_prefix("2001:db8::3/64"), dad=True),
        "ip address add 2001:db8::3/64 dev eth0",
        ("0a400000 07000000 14000200 20010db8 00000000 00000000 00000003 14000100 20010db8 00000000 00000000 00000003"),
        "RTM_NEWADDR 0x600 family=10 prefixlen=64 index=7 IFA_LOCAL=2001:db8::3 IFA_ADDRESS=2001:db8::3",
        "Address(index=7, prefix=<Prefix 2001:db8::3/64>)",
    ),
    Golden(
        add_address("eth0", 7, parse_prefix("10.1.2.3/24"), prefix_route=False),
        "ip address add 10.1.2.3/24 dev eth0 noprefixroute broadcast 10.1.2.255",
        "02180000 07000000 08000200 0a010203 08000100 0a010203 08000800 00020000 08000400 0a0102ff",
        (
            "RTM_NEWADDR 0x600 family=2 prefixlen=24 index=7 IFA_LOCAL=10.1.2.3 IFA_ADDRESS=10.1.2.3 IFA_FLAGS=512 "
            "IFA_BROADCAST=10.1.2.255"
        ),
        "Address(flags=512, index=7, prefix=<Prefix 10.1.2.3/24>)",
    ),
    Golden(
        add_address("eth0", 7, parse_prefix("2001:db8::3/64"), prefix_route=False),
        "ip address add 2001:db8::3/64 dev eth0 nodad noprefixroute",
        (
            "0a400000 07000000 14000200 20010db8 00000000 00000000 00000003 14000100 20010db8 00000000 00000000 "
            "00000003 08000800 02020000"
        ),
        "RTM_NEWADDR 0x600 family=10 prefixlen=64 index=7 IFA_LOCAL=2001:db8::3 IFA_ADDRESS=2001:db8::3 IFA_FLAGS=514",
        "Address(flags=514, index=7, prefix=<Prefix 2001:db8::3/64>)",
    ),
    Golden(
        delete_address("eth0", 7, parse_prefix("10.1.2.3/24")),
        "ip address delete 10.1.2.3/24 dev eth0",
        "02180000 07000000 08000200 0a010203",
        "RTM_DELADDR 0x0 family=2 prefixlen=24 index=7 IFA_LOCAL=10.1.2.3",
        "Address(index=7, prefix=<Prefix 10.1.2.3/24>)",
    ),
    Golden(
        delete_address("eth0", 7, parse_prefix("2001:db8::3/64")),
        "ip address delete 2001:db8::3/64 dev eth0",
        "0a400000 07000000 14000200 20010db8 00000000 00000000 00000003",
        "RTM_DELADDR 0x0 family=10 prefixlen=64 index=7 IFA_LOCAL=2001:db8::3",
        "Address(index=7, prefix=<Prefix 2001:db8::3/64>)",
    ),
    # Routes.
    # Rules and VRFs.
    Golden(
        list_rules(2),
        "ip rule show",
        "02000000 00000000 00000000",
        "RTM_GETRULE 0x0 family=2",
    ),
    Golden(
        list_rules(10),
        "ip -6 rule show",
        "0a000000 00000000 00000000",
        "RTM_GETRULE 0x0 family=10",
    ),
    Golden(
        add_rule(RoutingRule(parse_prefix("10.1.2.3/32"), 100)),
        "ip rule add from 10.1.2.3/32 lookup 100 protocol 112",
        "02002000 64000001 00000000 08000200 0a010203 08000f00 64000000 05001500 70000000",
        "RTM_NEWRULE 0x600 family=2 src_len=32 table=100 action=1 FRA_SRC=10.1.2.3 FRA_TABLE=100 FRA_PROTOCOL=112",
        "RoutingRule(is_plain=True, protocol=112, src=<Prefix 10.1.2.3/32>, table=100)",
    ),
    Golden(
        delete_rule(RoutingRule(parse_prefix("2001:db8::3/128"), 5000, priority=30)),
        "ip -6 rule delete from 2001:db8::3/128 priority 30 lookup 5000 protocol 112",
        (
            "0a008000 00000001 00000000 14000200 20010db8 00000000 00000000 00000003 08000f00 88130000 "
            "08000600 1e000000 05001500 70000000"
        ),
        (
            "RTM_DELRULE 0x0 family=10 src_len=128 action=1 FRA_SRC=2001:db8::3 FRA_TABLE=5000 "
            "FRA_PRIORITY=30 FRA_PROTOCOL=112"
        ),
        "RoutingRule(is_plain=True, priority=30, protocol=112, src=<Prefix 2001:db8::3/128>, table=5000)",
    ),
    Golden(
        add_vrf("red", 1001),
        "ip link add red type vrf table 1001",
        "00000000 00000000 00000000 00000000 08000300 72656400 18001280 08000100 76726600 0c000280 08000100 e9030000",
        "RTM_NEWLINK 0x600 IFLA_IFNAME=red IFLA_LINKINFO{IFLA_INFO_KIND=vrf IFLA_INFO_DATA{IFLA_VRF_TABLE=1001}}",
    ),
    Golden(
        free_link("eth0", 7),
        "ip link set dev eth0 nomaster",
        "00000000 07000000 00000000 00000000 08000a00 00000000",
        "RTM_NEWLINK 0x0 index=7 IFLA_MASTER=0",
    ),
    Golden(
        replace_route("eth0", RouteEntry(parse_prefix("10.5.0.0/16"), 7, parse_ip("10.1.2.1"), table=100)),
        "ip route replace 10.5.0.0/16 via 10.1.2.1 dev eth0 proto 112 table 100",
        "02100000 64700001 00000000 08000f00 64000000 08000400 07000000 08000100 0a050000 08000500 0a010201",
        (
            "RTM_NEWROUTE 0x500 family=2 dst_len=16 table=100 proto=112 type=1 RTA_TABLE=100 RTA_OIF=7 "
            "RTA_DST=10.5.0.0 RTA_GATEWAY=10.1.2.1"
        ),
    ),
    # Routes.
    Golden(list_routes(2), "ip -4 route show table all", "02000000 00000000 00000000", "RTM_GETROUTE 0x0 family=2"),
    Golden(list_routes(10), "ip -6 route show table all", "0a000000 00000000 00000000", "RTM_GETROUTE 0x0 family=10"),
    Golden(
        get_route(parse_ip("10.5.0.9")),
        "ip route get 10.5.0.9",
        "02200000 00000000 00000000 08000100 0a050009",
        "RTM_GETROUTE 0x0 family=2 dst_len=32 RTA_DST=10.5.0.9",
    ),
    Golden(
        get_route(parse_ip("2001:db8::9")),
        "ip route get 2001:db8::9",
        "0a800000 00000000 00000000 14000100 20010db8 00000000 00000000 00000009",
        "RTM_GETROUTE 0x0 family=10 dst_len=128 RTA_DST=2001:db8::9",
    ),
    Golden(
        add_route("eth0", RouteEntry(parse_prefix("10.5.0.0/16"), 7, parse_ip("10.1.2.1"))),
        "ip route add 10.5.0.0/16 via 10.1.2.1 dev eth0 proto 112",
        "02100000 fe700001 00000000 08000f00 fe000000 08000400 07000000 08000100 0a050000 08000500 0a010201",
        (
            "RTM_NEWROUTE 0x600 family=2 dst_len=16 table=254 proto=112 type=1 RTA_TABLE=254 RTA_OIF=7 "
            "RTA_DST=10.5.0.0 RTA_GATEWAY=10.1.2.1"
        ),
        "RouteEntry(dst=<Prefix 10.5.0.0/16>, gw=<IP 10.1.2.1>, index=7, protocol=112, table=254)",
    ),
    Golden(
        add_route("eth0", RouteEntry(parse_prefix("10.5.1.2/16"), 7)),
        "ip route add 10.5.0.0/16 dev eth0 proto 112 scope global",
        "02100000 fe700001 00000000 08000f00 fe000000 08000400 07000000 08000100 0a050000",
        ("RTM_NEWROUTE 0x600 family=2 dst_len=16 table=254 proto=112 type=1 RTA_TABLE=254 RTA_OIF=7 RTA_DST=10.5.0.0"),
        "RouteEntry(dst=<Prefix 10.5.0.0/16>, index=7, protocol=112, table=254)",
    ),
    Golden(
        add_route("eth0", RouteEntry(parse_prefix("0.0.0.0/0"), 7, parse_ip("10.1.2.1"), priority=100)),
        "ip route add default via 10.1.2.1 dev eth0 proto 112 metric 100",
        "02000000 fe700001 00000000 08000f00 fe000000 08000400 07000000 08000500 0a010201 08000600 64000000",
        (
            "RTM_NEWROUTE 0x600 family=2 table=254 proto=112 type=1 RTA_TABLE=254 RTA_OIF=7 RTA_GATEWAY=10.1.2.1 "
            "RTA_PRIORITY=100"
        ),
        "RouteEntry(dst=<Prefix 0.0.0.0/0>, gw=<IP 10.1.2.1>, index=7, priority=100, protocol=112, table=254)",
    ),
    Golden(
        add_route("eth0", RouteEntry(parse_prefix("::/0"), 7, parse_ip("2001:db8::1"), mtu=1400, advmss=1360)),
        "ip route add default via 2001:db8::1 dev eth0 proto 112 mtu 1400 advmss 1360",
        (
            "0a000000 fe700001 00000000 08000f00 fe000000 08000400 07000000 14000500 20010db8 00000000 00000000 "
            "00000001 14000880 08000200 78050000 08000800 50050000"
        ),
        (
            "RTM_NEWROUTE 0x600 family=10 table=254 proto=112 type=1 RTA_TABLE=254 RTA_OIF=7 "
            "RTA_GATEWAY=2001:db8::1 RTA_METRICS{RTAX_MTU=1400 RTAX_ADVMSS=1360}"
        ),
        ("RouteEntry(advmss=1360, dst=<Prefix ::/0>, gw=<IP 2001:db8::1>, index=7, mtu=1400, protocol=112, table=254)"),
    ),
    Golden(
        append_route("eth0", RouteEntry(parse_prefix("10.5.0.0/16"), 7, table=5000, scope=200, mtu=1400)),
        "ip route append 10.5.0.0/16 dev eth0 proto 112 scope 200 table 5000 mtu 1400",
        ("02100000 0070c801 00000000 08000f00 88130000 08000400 07000000 08000100 0a050000 0c000880 08000200 78050000"),
        (
            "RTM_NEWROUTE 0xc00 family=2 dst_len=16 proto=112 scope=200 type=1 RTA_TABLE=5000 RTA_OIF=7 "
            "RTA_DST=10.5.0.0 RTA_METRICS{RTAX_MTU=1400}"
        ),
        "RouteEntry(dst=<Prefix 10.5.0.0/16>, index=7, mtu=1400, protocol=112, scope=200, table=5000)",
    ),
    Golden(
        append_route("eth0", RouteEntry(parse_prefix("10.1.2.1/32"), 7, scope=253, src=parse_ip("10.1.2.3"))),
        "ip route append 10.1.2.1/32 dev eth0 proto 112 scope link src 10.1.2.3",
        "02200000 fe70fd01 00000000 08000f00 fe000000 08000400 07000000 08000100 0a010201 08000700 0a010203",
        (
            "RTM_NEWROUTE 0xc00 family=2 dst_len=32 table=254 proto=112 scope=253 type=1 RTA_TABLE=254 RTA_OIF=7 "
            "RTA_DST=10.1.2.1 RTA_PREFSRC=10.1.2.3"
        ),
        "RouteEntry(dst=<Prefix 10.1.2.1/32>, index=7, protocol=112, scope=253, src=<IP 10.1.2.3>, table=254)",
    ),
    Golden(
        append_route("eth0", RouteEntry(parse_prefix("10.5.0.0/16"), 7, parse_ip("10.1.2.9"), onlink=True)),
        "ip route append 10.5.0.0/16 via 10.1.2.9 dev eth0 onlink proto 112",
        "02100000 fe700001 04000000 08000f00 fe000000 08000400 07000000 08000100 0a050000 08000500 0a010209",
        (
            "RTM_NEWROUTE 0xc00 family=2 dst_len=16 table=254 proto=112 type=1 flags=4 RTA_TABLE=254 RTA_OIF=7 "
            "RTA_DST=10.5.0.0 RTA_GATEWAY=10.1.2.9"
        ),
        "RouteEntry(dst=<Prefix 10.5.0.0/16>, gw=<IP 10.1.2.9>, index=7, onlink=True, protocol=112, table=254)",
    ),
    Golden(
        add_route("veth0", RouteEntry(parse_prefix("10.1.2.3/32"), 7, scope=254)),
        "ip route add 10.1.2.3/32 dev veth0 proto 112 scope host",
        "02200000 fe70fe01 00000000 08000f00 fe000000 08000400 07000000 08000100 0a010203",
        (
            "RTM_NEWROUTE 0x600 family=2 dst_len=32 table=254 proto=112 scope=254 type=1 RTA_TABLE=254 RTA_OIF=7 "
            "RTA_DST=10.1.2.3"
        ),
        "RouteEntry(dst=<Prefix 10.1.2.3/32>, index=7, protocol=112, scope=254, table=254)",
    ),
    Golden(
        delete_route("eth0", RouteEntry(parse_prefix("2001:db8:5::/48"), 7, parse_ip("2001:db8::1"), table=100)),
        "ip route delete 2001:db8:5::/48 via 2001:db8::1 dev eth0 proto 112 table 100",
        (
            "0a300000 64700001 00000000 08000f00 64000000 08000400 07000000 14000100 20010db8 00050000 00000000 "
            "00000000 14000500 20010db8 00000000 00000000 00000001"
        ),
        (
            "RTM_DELROUTE 0x0 family=10 dst_len=48 table=100 proto=112 type=1 RTA_TABLE=100 RTA_OIF=7 "
            "RTA_DST=2001:db8:5:: RTA_GATEWAY=2001:db8::1"
        ),
        "RouteEntry(dst=<Prefix 2001:db8:5::/48>, gw=<IP 2001:db8::1>, index=7, protocol=112, table=100)",
    ),
    # Neighbours.
    Golden(list_neighbours(2), "ip -4 neighbour show", "02000000 00000000 00000000", "RTM_GETNEIGH 0x0 family=2"),
    Golden(
        get_neighbour("eth0", 7, parse_ip("10.1.2.9")),
        "ip neighbour get 10.1.2.9 dev eth0",
        "02000000 07000000 00000000 08000100 0a010209",
        "RTM_GETNEIGH 0x0 family=2 ifindex=7 NDA_DST=10.1.2.9",
    ),
    Golden(
        probe_neighbour("eth0", 7, parse_ip("2001:db8::9")),
        "ip neighbour add 2001:db8::9 dev eth0 nud none use",
        "0a000000 07000000 00000100 14000100 20010db8 00000000 00000000 00000009",
        "RTM_NEWNEIGH 0x400 family=10 ifindex=7 flags=1 NDA_DST=2001:db8::9",
        "Neighbour(index=7, ip=<IP 2001:db8::9>)",
    ),
    Golden(
        set_neighbour("eth0", 7, parse_ip("10.1.2.9"), MAC),
        "ip neighbour replace 10.1.2.9 lladdr 02:00:00:00:00:01 dev eth0 nud permanent",
        "02000000 07000000 80000000 08000100 0a010209 0a000200 02000000 00010000",
        "RTM_NEWNEIGH 0x500 family=2 ifindex=7 state=128 NDA_DST=10.1.2.9 NDA_LLADDR=02:00:00:00:00:01",
        "Neighbour(index=7, ip=<IP 10.1.2.9>, mac='02:00:00:00:00:01', state=128)",
    ),
    Golden(
        set_neighbour("eth0", 7, parse_ip("2001:db8::9"), MAC),
        "ip neighbour replace 2001:db8::9 lladdr 02:00:00:00:00:01 dev eth0 nud permanent",
        "0a000000 07000000 80000000 14000100 20010db8 00000000 00000000 00000009 0a000200 02000000 00010000",
        "RTM_NEWNEIGH 0x500 family=10 ifindex=7 state=128 NDA_DST=2001:db8::9 NDA_LLADDR=02:00:00:00:00:01",
        "Neighbour(index=7, ip=<IP 2001:db8::9>, mac='02:00:00:00:00:01', state=128)",
    ),
    Golden(
        delete_neighbour("eth0", 7, parse_ip("10.1.2.9")),
        "ip neighbour delete 10.1.2.9 dev eth0",
        "02000000 07000000 00000000 08000100 0a010209",
        "RTM_DELNEIGH 0x0 family=2 ifindex=7 NDA_DST=10.1.2.9",
        "Neighbour(index=7, ip=<IP 10.1.2.9>)",
    ),
]
