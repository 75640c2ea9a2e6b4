"""Configurations of the Windows plugins, and what `--check` finds in one."""

from __future__ import annotations

from poplin.autogen.checking import check_configuration

MICROSOFT = ("sdnbridge", "nat", "sdnoverlay")
WIN = ("win-bridge", "win-overlay")
TYPES = "sdnbridge, nat, sdnoverlay, win-bridge, win-overlay, L2Bridge, NAT, Overlay"
UNKNOWN = "the plugin does not know it and ignores it; "


def found(document):
    return [f"{finding.severity}: {finding}" for finding in check_configuration(document)]


def endpoint(**value):
    return {"Name": "EndpointPolicy", "Value": value}


ACL = {"Action": "Allow", "Direction": "Out", "Priority": 3000}
SMALL = {"cniVersion": "0.2.0", "name": "net"}
SMALL_WIN = {**SMALL, "ipam": {"type": "host-local"}}
FULL = {
    **SMALL,
    "master": "Ethernet",
    "capabilities": {"portMappings": True, "dns": True},
    "args": {"cni": {}},
    "ipam": {
        "type": "",
        "environment": "azure",
        "addressSpace": "x",
        "subnet": "192.168.0.0/24",
        "ipAddress": "192.168.0.9",
        "queryInterval": "60",
        "routes": [{"dst": "0.0.0.0/0", "GW": "192.168.0.2"}],
    },
    "dns": {
        "Nameservers": ["8.8.8.8", "fd00::1"],
        "domain": "a",
        "Search": ["svc.cluster.local"],
        "options": ["ndots:5"],
    },
    "optionalFlags": {
        "localRoutedPortMapping": True,
        "allowAclPortMapping": True,
        "forceBridgeGateway": False,
        "enableDualStack": False,
        "loopbackDSR": False,
        "gatewayFromAdditionalRoutes": False,
    },
    "runtimeConfig": {
        "portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp", "hostIP": ""}],
        "dns": {"servers": ["8.8.8.8"], "searches": ["a"], "options": ["b"]},
    },
    "additionalRoutes": [{"dst": "10.0.0.0/8", "gw": "192.168.0.3"}],
    "AdditionalArgs": [
        endpoint(Type="OutBoundNAT", Settings={"Exceptions": ["192.168.0.0/24", "10.0.0.5"], "Flags": 0}),
        endpoint(Type="acl", Settings={"Remoteports": "8080", **ACL}),
        endpoint(
            Type="SDNRoute", Settings={"DestinationPrefix": "10.0.0.0/8", "NeedEncap": True, "NextHop": "10.0.0.1"}
        ),
        {"name": "NetworkPolicy", "value": {"Type": "VxlanPort", "Settings": {"Port": 4789}}},
    ],
    "cni.dev/attachments": [],
}
