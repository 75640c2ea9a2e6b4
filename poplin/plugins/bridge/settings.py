"""What a bridge network may be told, read and checked before anything is touched."""

from __future__ import annotations

from poplin.plugins.bridge.vlan_ids import parse_trunk, read_vlan
from poplin.plugins.kit.backend import read_backend
from poplin.plugins.kit.dns import find_dns
from poplin.plugins.kit.mac import find_mac
from poplin.plugins.kit.mtu import read_mtu
from poplin.spec.errors import InvalidConfig
from poplin.spec.names import check_interface_name, check_new_interface_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.call import Call

DEFAULT_BRIDGE = "cni0"


class Settings:
    """One bridge network's configuration. `mtu` 0 means the default, `dns` None that IPAM's stands, `mac` b"" any."""

    def __init__(self, call: Call) -> None:
        """Raises DecodingFailure, InvalidConfig, or UnsupportedField for an unknown key of a strict configuration."""
        fields = call.fields
        self.bridge = fields.text("bridge") or DEFAULT_BRIDGE
        self.is_default_gateway = fields.flag("isDefaultGateway")
        self.is_gateway = fields.flag("isGateway") or self.is_default_gateway
        self.force_address = fields.flag("forceAddress")
        self.ip_masq = fields.flag("ipMasq")
        read_backend(fields, "ipMasqBackend")
        self.mtu = read_mtu(fields)
        self.hairpin = fields.flag("hairpinMode")
        self.promisc = fields.flag("promiscMode")
        self.vlan = read_vlan(fields)
        trunk = fields.objects("vlanTrunk")
        self.vlan_trunk = parse_trunk(trunk)
        self.filters_vlans = self.vlan != 0 or "vlanTrunk" in fields
        self.preserve_default_vlan = fields.flag("preserveDefaultVlan")
        self.mac_spoof_check = fields.flag("macspoofchk")
        self.enable_dad = fields.flag("enabledad")
        self.disable_container_interface = fields.flag("disableContainerInterface")
        self.port_isolation = fields.flag("portIsolation")
        self.has_ipam = bool(fields.fields("ipam").text("type"))
        dns = fields.fields("dns")
        self.dns = find_dns(dns)
        self.mac = find_mac(call)
        self.check()
        if call.is_strict:
            for each in (fields, dns, *trunk):
                each.reject_unknown()

    def check(self) -> None:
        """What parses and still cannot be."""
        check_new_interface_name(self.bridge, "`bridge`", InvalidConfig)
        if self.hairpin and self.promisc:
            raise InvalidConfig("cannot set hairpinMode and promiscMode at the same time")
        if self.has_ipam and self.disable_container_interface:
            raise InvalidConfig("cannot use ipam with disableContainerInterface", "remove one of them")
        if self.vlan_gateway:
            check_interface_name(self.vlan_gateway, "`bridge`.`vlan`, the gateway's", InvalidConfig)

    @property
    def vlan_gateway(self) -> str:
        """The interface for the gateway's addresses where the bridge is in another VLAN, else empty."""
        return f"{self.bridge}.{self.vlan}" if self.vlan and self.is_gateway and self.has_ipam else ""
