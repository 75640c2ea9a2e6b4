"""What a bridge network may be told, read and checked before anything is touched."""

from __future__ import annotations

from poplin.linux.wire.link import parse_mac
from poplin.spec.arguments import ANYBODYS, parse_arguments
from poplin.spec.errors import InvalidConfig, UnsupportedField
from poplin.spec.jsontext import dumps
from poplin.spec.names import check_new_interface_name
from poplin.spec.result import DNS, parse_dns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.call import Call
    from poplin.spec.fields import Fields

DEFAULT_BRIDGE = "cni0"
HIGHEST_VLAN = 4094
SMALLEST_MTU, LARGEST_MTU = 68, 65535  # ETH_MIN_MTU and ETH_MAX_MTU, linux/if_ether.h
SMALLEST_IPV6_MTU = 1280  # RFC 8200, section 5
BACKENDS = ("iptables", "nftables")


class Settings:
    """One bridge network's configuration. `mtu` 0 means the default, `dns` None that IPAM's stands, `mac` b"" any."""

    def __init__(self, call: Call) -> None:
        """Raises DecodingFailure, InvalidConfig, or UnsupportedField."""
        fields = call.fields
        self.bridge = fields.text("bridge") or DEFAULT_BRIDGE
        self.is_default_gateway = fields.flag("isDefaultGateway")
        self.is_gateway = fields.flag("isGateway") or self.is_default_gateway
        self.force_address = fields.flag("forceAddress")
        self.ip_masq = fields.flag("ipMasq")
        self.ip_masq_backend = fields.text("ipMasqBackend")
        self.mtu = fields.number("mtu")
        self.hairpin = fields.flag("hairpinMode")
        self.promisc = fields.flag("promiscMode")
        self.vlan = fields.number("vlan")
        self.vlan_trunk = fields.objects("vlanTrunk")
        self.preserve_default_vlan = fields.flag("preserveDefaultVlan")
        self.mac_spoof_check = fields.flag("macspoofchk")
        self.enable_dad = fields.flag("enabledad")
        self.disable_container_interface = fields.flag("disableContainerInterface")
        self.port_isolation = fields.flag("portIsolation")
        self.has_ipam = bool(fields.fields("ipam").text("type"))
        dns = fields.fields("dns")
        self.dns = find_dns(dns)
        self.mac = find_mac(call)
        self.check(fields)
        if call.is_strict:
            for each in (fields, dns):
                each.reject_unknown()

    def check(self, fields: Fields) -> None:
        """What parses and still cannot be."""
        check_new_interface_name(self.bridge, "`bridge`", InvalidConfig)
        if self.hairpin and self.promisc:
            raise InvalidConfig("cannot set hairpinMode and promiscMode at the same time")
        if self.mtu and not SMALLEST_MTU <= self.mtu <= LARGEST_MTU:
            raise InvalidConfig(f"invalid mtu {self.mtu}", f"a bridge takes {SMALLEST_MTU} to {LARGEST_MTU}")
        if not 0 <= self.vlan <= HIGHEST_VLAN:
            raise InvalidConfig(f"invalid vlan {self.vlan}", f"VLAN ids are 0 to {HIGHEST_VLAN}")
        if self.has_ipam and self.disable_container_interface:
            raise InvalidConfig("cannot use ipam with disableContainerInterface", "remove one of them")
        if self.ip_masq_backend and self.ip_masq_backend not in BACKENDS:
            raise InvalidConfig(f"unknown ipMasqBackend {self.ip_masq_backend!r}", f"known are {', '.join(BACKENDS)}")
        for key, value in (("vlan", self.vlan), ("vlanTrunk", self.vlan_trunk), ("macspoofchk", self.mac_spoof_check)):
            if value:
                raise UnsupportedField(
                    f"`{key}` is not supported yet", f"got {dumps(fields.raw(key))[:200]}; remove it"
                )


def find_dns(fields: Fields) -> DNS | None:
    """The network's own dns if it gives any member, an empty list included."""
    given = [key in fields for key in ("nameservers", "domain", "search", "options")]
    return parse_dns(fields) if any(given) else None


def find_mac(call: Call) -> bytes:
    """The container's MAC: runtimeConfig before args.cni before CNI_ARGS. Raises InvalidConfig."""
    sources = {
        "runtimeConfig.mac": call.fields.fields("runtimeConfig").text("mac"),
        "args.cni.mac": call.fields.fields("args").fields("cni").text("mac"),
        "MAC in CNI_ARGS": parse_arguments(call.env.args, ANYBODYS).get("MAC", ""),
    }
    for source, text in sources.items():
        if text:
            return parse_unicast_mac(text, source)
    return b""


def parse_unicast_mac(text: str, source: str) -> bytes:
    """A MAC address that one interface can have."""
    try:
        octets = parse_mac(text)
    except ValueError as error:
        raise InvalidConfig(f"invalid {source}", str(error)) from None
    if octets[0] & 1 or not any(octets):
        raise InvalidConfig(f"invalid {source}", f"{text!r} is a group or an empty address; an interface needs its own")
    return octets
