"""What the fuzz puts in the places it changes, and the keys that plugins read."""

from __future__ import annotations

from storms.fuzz_calls import BIN_DIR, OUTSIDE

NUMBERS = (-1, 1, 4095, 65536, 2**31, 2**32, 2**63 - 1, -(2**63), 2**63, 10**40, 1.5, 1400.0, -0.0, 1e300)
TEXTS = (
    "",
    " ",
    "\0",
    "a\0b",
    "\ud800",
    "\udcff",
    "a/b",
    "..",
    "../../x",
    "/dev/null/x",
    "/proc/x",
    "ünïcode☃",
    "eth%d",
    "%s%n",
    "-",
    "lo",
    "cni0",
    "bridge",
    "loopback",
    "ptp",
    "host-local",
    "static",
    "x" * 16,
    "x" * 256,
    "x" * 5000,
    "10.1.2.0/24",
    "10.1.2.3/24",
    "10.1.2.0/33",
    "10.1.2.0/31",
    "10.1.2.0/32",
    "0.0.0.0/0",
    "10.1.2.0",
    "10.1.2.1",
    "10.1.2.255",
    "10.1.3.7",
    "127.0.0.1",
    "224.0.0.0/4",
    "255.255.255.255",
    "::/0",
    "::1",
    "fe80::1%eth0",
    "2001:db8:1::/64",
    "2001:db8:1::7",
    "::ffff:10.1.2.3/120",
    "ff02::1",
    "02:11:22:33:44:55",
    "ff:ff:ff:ff:ff:ff",
    "00:00:00:00:00:00",
    "0.1.0",
    "0.4.0",
    "1.1.0",
    "1.2.0",
    "9.9.9",
    "1.0",
    "true",
)
JSON_TYPES: tuple[object, ...] = ("text", 7, 1.5, True, [], ["x"], [{}], [[]], {}, {"x": 1})
NETNS = {
    "none": "/run/netns/nowhere",
    "file": "/etc/hostname",
    "folder": "/run",
    "other kind": "/proc/self/ns/mnt",
    "under a file": "/etc/hostname/x",
    "bytes": "/run/netns/\udcff",
    "long": "/x" * 3000,
}
OWN_NETNS = (OUTSIDE, "/proc/self/ns/net", "/proc/thread-self/ns/net", "/run/../run/netns/fuzzhost")
IFNAMES = ("a/b", "a:b", ".", "..", "x" * 16, "e th", "e\tth", "\udcff", "é" * 8, "lo", "eth%d", "%", "é", "-", "a\nb")
BAD_IFNAMES = {"a/b", "a:b", ".", "..", "x" * 16, "e th", "e\tth", "\udcff", "é" * 8, "a\nb"}
BAD_IDS = ("a/b", "-a", "a b", "ü", "\udcff", "..", "a\n")
PATHS = (":", "/nowhere", f":/nowhere:{BIN_DIR}:", "bin", "\udcff", "/x" * 3000)
ARGUMENTS = (
    "x",
    "=;=",
    "A=B=C",
    "IgnoreUnknown=2",
    "Nobody=1",
    "MAC=zz",
    "IP=10.1.2.300",
    "IP=",
    ";",
    "IP=9.9.9.9",
    "\udcff=1",
)

# Every key that a plugin reads on ADD and wants of one type, list indexes left out.
READ_ON_ADD = {
    "loopback": {"cniVersion", "name", "type", "strict"},
    "host-local": {"cniVersion", "name", "type", "strict", "args", "args.cni", "runtimeConfig"},
    "static": {"cniVersion", "name", "type", "strict", "args", "args.cni", "runtimeConfig"},
    "ptp": {"cniVersion", "name", "type", "strict", "ipMasq", "ipMasqBackend", "mtu", "dns", "dns.nameservers"}
    | {"dns.domain", "dns.search", "dns.options"},
    "bridge": {"cniVersion", "name", "type", "strict", "args", "args.cni", "args.cni.mac", "runtimeConfig"}
    | {"runtimeConfig.mac", "bridge", "isGateway", "isDefaultGateway", "forceAddress", "mtu", "hairpinMode"}
    | {"promiscMode", "portIsolation", "vlan", "enabledad", "disableContainerInterface", "dns", "dns.nameservers"}
    | {"dns.domain", "dns.search", "dns.options"},
}
IPAM = {"ipam", "ipam.type", "ipam.dataDir", "ipam.resolvConf", "ipam.routes", "ipam.ranges", "ipam.subnet"} | {
    *(f"ipam.{key}" for key in ("rangeStart", "rangeEnd", "gateway")),
    *(f"ipam.ranges.{key}" for key in ("subnet", "rangeStart", "rangeEnd", "gateway")),
    *(f"ipam.routes.{key}" for key in ("dst", "gw", "mtu", "advmss", "priority", "table", "scope")),
    *("ipam.addresses", "ipam.addresses.address", "ipam.addresses.gateway"),
    *("ipam.dns", *(f"ipam.dns.{key}" for key in ("nameservers", "domain", "search", "options"))),
}

# For documents from nothing.
KEYS = sorted(
    {part for paths in (*READ_ON_ADD.values(), IPAM) for path in paths for part in path.split(".")}
    | {"prevResult", "interfaces", "ips", "ip4", "ip", "address", "interface", "vlanTrunk", "ipRanges"}
    | {"cni.dev/valid-attachments", "containerID", "ifname"}
)
