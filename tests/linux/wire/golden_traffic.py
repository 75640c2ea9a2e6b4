"""Every request about traffic control, with the command it equals, its bytes, and what an independent decoder reads in
them. That one cannot read filters: what theirs mean tc(8) says, in the tests.
"""

from __future__ import annotations

from linux.wire.golden import Golden

from poplin.linux.wire.bucket import Bucket
from poplin.linux.wire.filter import (
    ALL,
    IPV6,
    SOURCE,
    Filter,
    add_filter,
    delete_filter,
    delete_filters,
    list_filters,
    match_subnet,
)
from poplin.linux.wire.htb import add_class, add_htb, list_classes
from poplin.linux.wire.ifb import add_ifb
from poplin.linux.wire.qdisc import (
    INGRESS_HANDLE,
    TC_H_CLSACT_INGRESS,
    TC_H_INGRESS,
    Qdisc,
    add_fifo,
    add_ingress,
    add_qdisc,
    delete_qdisc,
    get_qdisc,
)
from poplin.linux.wire.tbf import set_tbf
from poplin.spec.address import parse_prefix

BUCKET = Bucket(1_250_000, 125_000, 1_562_500, 156_250)
FASTEST = Bucket(10**11, 10**9, 156_250, 0)
SLOWEST = Bucket(1, 274, 4_281_250_000, 274)
REDIRECT_ALL = Filter(TC_H_CLSACT_INGRESS, 1, ALL, 0x10001, redirect=9, handle=0x80000800)
SUBNET = Filter(0x10000, 15, IPV6, 0x10030, match_subnet(SOURCE, parse_prefix("fd00::/40")))

TRAFFIC = [
    Golden(
        get_qdisc("veth0", 7),
        "tc qdisc show dev veth0 root",
        "00000000 07000000 00000000 ffffffff 00000000",
        "RTM_GETQDISC 0x0 index=7 parent=4294967295",
    ),
    Golden(
        get_qdisc("veth0", 7, 0x10030),
        "tc qdisc show dev veth0 parent 1:30",
        "00000000 07000000 00000000 30000100 00000000",
        "RTM_GETQDISC 0x0 index=7 parent=65584",
    ),
    Golden(
        add_qdisc("veth0", Qdisc(7, "clsact", INGRESS_HANDLE, TC_H_INGRESS)),
        "tc qdisc add dev veth0 ingress handle ffff: clsact",
        "00000000 07000000 0000ffff f1ffffff 00000000 0b000100 636c7361 63740000",
        "RTM_NEWQDISC 0x600 index=7 handle=4294901760 parent=4294967281 TCA_KIND=clsact",
    ),
    Golden(
        add_ingress("veth0", 7),
        "tc qdisc add dev veth0 ingress",
        "00000000 07000000 0000ffff f1ffffff 00000000 0c000100 696e6772 65737300",
        "RTM_NEWQDISC 0x600 index=7 handle=4294901760 parent=4294967281 TCA_KIND=ingress",
    ),
    Golden(
        add_fifo("veth0", 7, 0x10030, 0x300000, "bfifo", 156250),
        "tc qdisc add dev veth0 parent 1:30 handle 30: bfifo limit 156250",
        "00000000 07000000 00003000 30000100 00000000 0a000100 62666966 6f000000 08000200 5a620200",
        "RTM_NEWQDISC 0x600 index=7 handle=3145728 parent=65584 TCA_KIND=bfifo TCA_OPTIONS=5a:62:02:00",
    ),
    Golden(
        delete_qdisc("veth0", 7),
        "tc qdisc del dev veth0 root",
        "00000000 07000000 00000000 ffffffff 00000000",
        "RTM_DELQDISC 0x0 index=7 parent=4294967295",
    ),
    Golden(
        delete_qdisc("veth0", 7, TC_H_INGRESS),
        "tc qdisc del dev veth0 ingress",
        "00000000 07000000 00000000 f1ffffff 00000000",
        "RTM_DELQDISC 0x0 index=7 parent=4294967281",
    ),
    Golden(
        set_tbf("veth0", 7, 0x10000, BUCKET),
        "tc qdisc replace dev veth0 root handle 1: tbf rate 10000000bit burst 125000 limit 156250",
        (
            "00000000 07000000 00000100 ffffffff 00000000 08000100 74626600 2c000200 28000100 00010000 "
            "00000000 d0121300 00000000 00000000 00000000 5a620200 84d71700 00000000"
        ),
        (
            "RTM_NEWQDISC 0x500 index=7 handle=65536 parent=4294967295 TCA_KIND=tbf "
            "TCA_OPTIONS{TCA_TBF_PARMS={'rate_cell_log': 0, 'rate___reserved': 1, 'rate_overhead': 0, "
            "'rate_cell_align': 0, 'rate_mpu': 0, 'rate': 1250000, 'peak_cell_log': 0, 'peak___reserved': 0, "
            "'peak_overhead': 0, 'peak_cell_align': 0, 'peak_mpu': 0, 'peak': 0, 'limit': 156250, 'buffer': "
            "1562500, 'mtu': 0}}"
        ),
    ),
    Golden(
        set_tbf("veth0", 7, 0x10000, FASTEST),
        "tc qdisc replace dev veth0 root handle 1: tbf rate 800000000000bit burst 1000000000 limit 0",
        (
            "00000000 07000000 00000100 ffffffff 00000000 08000100 74626600 38000200 28000100 00010000 "
            "00000000 ffffffff 00000000 00000000 00000000 00000000 5a620200 00000000 0c000400 00e87648 17000000"
        ),
        (
            "RTM_NEWQDISC 0x500 index=7 handle=65536 parent=4294967295 TCA_KIND=tbf "
            "TCA_OPTIONS{TCA_TBF_PARMS={'rate_cell_log': 0, 'rate___reserved': 1, 'rate_overhead': 0, "
            "'rate_cell_align': 0, 'rate_mpu': 0, 'rate': 4294967295, 'peak_cell_log': 0, 'peak___reserved': "
            "0, 'peak_overhead': 0, 'peak_cell_align': 0, 'peak_mpu': 0, 'peak': 0, 'limit': 0, 'buffer': "
            "156250, 'mtu': 0} UNKNOWN={'header': {'length': 12, 'type': 4}}}"
        ),
    ),
    Golden(
        set_tbf("veth0", 7, 0x10000, SLOWEST),
        "tc qdisc replace dev veth0 root handle 1: tbf rate 8bit burst 274 limit 274",
        (
            "00000000 07000000 00000100 ffffffff 00000000 08000100 74626600 34000200 28000100 00010000 "
            "00000000 01000000 00000000 00000000 00000000 12010000 d0b02eff 00000000 08000600 12010000"
        ),
        (
            "RTM_NEWQDISC 0x500 index=7 handle=65536 parent=4294967295 TCA_KIND=tbf "
            "TCA_OPTIONS{TCA_TBF_PARMS={'rate_cell_log': 0, 'rate___reserved': 1, 'rate_overhead': 0, "
            "'rate_cell_align': 0, 'rate_mpu': 0, 'rate': 1, 'peak_cell_log': 0, 'peak___reserved': 0, "
            "'peak_overhead': 0, 'peak_cell_align': 0, 'peak_mpu': 0, 'peak': 0, 'limit': 274, 'buffer': "
            "4281250000, 'mtu': 0} UNKNOWN={'header': {'length': 8, 'type': 6}}}"
        ),
    ),
    Golden(
        add_htb("veth0", 7, 0x10000, 0x10030),
        "tc qdisc add dev veth0 root handle 1: htb default 30",
        (
            "00000000 07000000 00000100 ffffffff 00000000 08000100 68746200 1c000200 18000200 03000000 "
            "0a000000 30000000 00000000 00000000"
        ),
        (
            "RTM_NEWQDISC 0x600 index=7 handle=65536 parent=4294967295 TCA_KIND=htb "
            "TCA_OPTIONS{TCA_HTB_INIT={'version': 3, 'rate2quantum': 10, 'defcls': 48, 'debug': 0, "
            "'direct_pkts': 0}}"
        ),
    ),
    Golden(
        add_class("veth0", 7, 0x10030, BUCKET),
        (
            "tc class add dev veth0 parent 1: classid 1:30 htb rate 10000000bit ceil 10000000bit burst 125000 "
            "cburst 125000 quantum 60000"
        ),
        (
            "00000000 07000000 30000100 00000100 00000000 08000100 68746200 34000280 30000100 00010000 "
            "00000000 d0121300 00010000 00000000 d0121300 84d71700 84d71700 60ea0000 00000000 00000000"
        ),
        (
            "RTM_NEWTCLASS 0x600 index=7 handle=65584 parent=65536 TCA_KIND=htb "
            "TCA_OPTIONS{TCA_HTB_PARMS={'rate_cell_log': 0, 'rate___reserved': 1, 'rate_overhead': 0, "
            "'rate_cell_align': 0, 'rate_mpu': 0, 'rate': 1250000, 'ceil_cell_log': 0, 'ceil___reserved': 1, "
            "'ceil_overhead': 0, 'ceil_cell_align': 0, 'ceil_mpu': 0, 'ceil': 1250000, 'buffer': 1562500, "
            "'cbuffer': 1562500, 'quantum': 60000, 'level': 0, 'prio': 0}}"
        ),
    ),
    Golden(
        add_class("veth0", 7, 0x10001, FASTEST),
        (
            "tc class add dev veth0 parent 1: classid 1:1 htb rate 800000000000bit ceil 800000000000bit burst "
            "1000000000 cburst 1000000000 quantum 60000"
        ),
        (
            "00000000 07000000 01000100 00000100 00000000 08000100 68746200 4c000280 30000100 00010000 "
            "00000000 ffffffff 00010000 00000000 ffffffff 5a620200 5a620200 60ea0000 00000000 00000000 "
            "0c000600 00e87648 17000000 0c000700 00e87648 17000000"
        ),
        (
            "RTM_NEWTCLASS 0x600 index=7 handle=65537 parent=65536 TCA_KIND=htb "
            "TCA_OPTIONS{TCA_HTB_PARMS={'rate_cell_log': 0, 'rate___reserved': 1, 'rate_overhead': 0, "
            "'rate_cell_align': 0, 'rate_mpu': 0, 'rate': 4294967295, 'ceil_cell_log': 0, 'ceil___reserved': "
            "1, 'ceil_overhead': 0, 'ceil_cell_align': 0, 'ceil_mpu': 0, 'ceil': 4294967295, 'buffer': 156250, "
            "'cbuffer': 156250, 'quantum': 60000, 'level': 0, 'prio': 0} TCA_HTB_RATE64=100000000000 "
            "TCA_HTB_CEIL64=100000000000}"
        ),
    ),
    Golden(
        list_classes("veth0", 7),
        "tc class show dev veth0",
        "00000000 07000000 00000000 00000000 00000000",
        "RTM_GETTCLASS 0x0 index=7",
    ),
    Golden(
        add_filter("veth0", 7, REDIRECT_ALL, "u32 0 0", "bwp0"),
        (
            "tc filter add dev veth0 ingress protocol all prio 1 u32 match u32 0 0 flowid 1:1 action mirred "
            "egress redirect dev bwp0"
        ),
        (
            "00000000 07000000 00000000 f2ffffff 00030100 08000100 75333200 68000280 08000100 01000100 "
            "24000500 01000100 00000000 00000000 00000000 00000000 00000000 00000000 00000000 38000780 "
            "34000180 0b000100 6d697272 65640000 24000280 20000200 00000000 00000000 04000000 00000000 "
            "00000000 01000000 09000000"
        ),
        "",
    ),
    Golden(
        add_filter("veth0", 7, SUBNET, "ip6 src fd00::/40"),
        "tc filter add dev veth0 parent 1: protocol ipv6 prio 15 u32 match ip6 src fd00::/40 flowid 1:30",
        (
            "00000000 07000000 00000000 00000100 86dd0f00 08000100 75333200 40000280 08000100 30000100 "
            "34000500 01000200 00000000 00000000 00000000 ffffffff fd000000 08000000 00000000 ff000000 "
            "00000000 0c000000 00000000"
        ),
        "",
    ),
    Golden(
        delete_filter("veth0", 7, REDIRECT_ALL),
        "tc filter del dev veth0 ingress protocol all prio 1 handle 800::800 u32",
        "00000000 07000000 00080080 f2ffffff 00030100 08000100 75333200",
        "RTM_DELTFILTER 0x0 index=7 handle=2147485696 parent=4294967282 info=66304 TCA_KIND=u32",
    ),
    Golden(
        delete_filters("veth0", 7, REDIRECT_ALL),
        "tc filter del dev veth0 ingress protocol all prio 1 u32",
        "00000000 07000000 00000000 f2ffffff 00030100 08000100 75333200",
        "RTM_DELTFILTER 0x0 index=7 parent=4294967282 info=66304 TCA_KIND=u32",
    ),
    Golden(
        list_filters("veth0", 7, TC_H_CLSACT_INGRESS),
        "tc filter show dev veth0 ingress",
        "00000000 07000000 00000000 f2ffffff 00000000",
        "RTM_GETTFILTER 0x0 index=7 parent=4294967282",
    ),
    Golden(
        add_ifb("bwp0", 1400),
        "ip link add bwp0 mtu 1400 txqueuelen 0 type ifb",
        (
            "00000000 00000000 00000000 00000000 09000300 62777030 00000000 08000400 78050000 08000d00 "
            "00000000 0c001280 08000100 69666200"
        ),
        "RTM_NEWLINK 0x600 IFLA_IFNAME=bwp0 IFLA_MTU=1400 IFLA_TXQLEN=0 IFLA_LINKINFO{IFLA_INFO_KIND=ifb}",
    ),
]
