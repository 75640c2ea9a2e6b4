"""Configurations of the shapes in which projects ship or generate them: the plugins take them, so no error is found."""

from __future__ import annotations

import pytest
from autogen.configurations import TYPES, UNKNOWN, endpoint, found

OTHERS = f"is not checked: known are {TYPES}"


def lower_endpoint(**value):
    return {"name": "EndpointPolicy", "value": value}


OVN_KUBERNETES = {  # its settings are those of the old interface, for all policies alike
    "CniVersion": "0.2.0",
    "Name": "HybridOverlay",
    "Type": "win-overlay",
    "apiVersion": 2,
    "Capabilities": {"portMappings": True, "Dns": True},
    "Ipam": {"Type": "host-local", "Subnet": "10.140.3.0/24"},
    "Policies": [
        endpoint(
            Type="OutBoundNAT",
            Settings={"ExceptionList": ["172.20.0.0/16"], "DestinationPrefix": "", "NeedEncap": False},
        ),
        endpoint(
            Type="SDNROUTE", Settings={"ExceptionList": [], "DestinationPrefix": "172.20.0.0/16", "NeedEncap": True}
        ),
        lower_endpoint(type="ProviderAddress", settings={"providerAddress": "10.3.0.9"}),
    ],
}

MICROSOFT_DUAL_STACK = {
    "cniVersion": "0.2.0",
    "name": "HostB",
    "type": "sdnbridge",
    "master": "Ethernet",
    "capabilities": {"portMappings": True, "dns": True},
    "ipam": {"environment": "azure", "subnet": "192.168.7.0/24", "routes": [{"GW": "192.168.7.2"}]},
    "ipamv6": {"environment": "azure", "subnet": "fd07::6/64", "routes": [{"GW": "fd07::2"}]},
    "dns": {"Nameservers": ["10.1.1.1"], "Search": ["svc.cluster.local"]},
    "optionalFlags": {"localRoutedPortMapping": True, "enableDualStack": True, "gatewayFromAdditionalRoutes": True},
    "additionalRoutes": [{"GW": "fd07::2", "Dst": "::/0"}],
    "AdditionalArgs": [
        endpoint(Type="OutBoundNAT", Settings={"Exceptions": ["192.168.7.0/24", "192.168.7.2/32"]}),
        endpoint(Type="OutBoundNAT", Settings={"Exceptions": ["fd07::/120", "fd07::2/128"]}),
        endpoint(
            Type="ACL",
            Settings={"Action": "Allow", "Protocols": "6", "LocalPorts": "1111", "Direction": "In", "Priority": 101},
        ),
        endpoint(
            Type="ACL",
            Settings={"RemoteAddresses": "fd07::/120", "Action": "Block", "Direction": "Out", "Priority": 1999},
        ),
    ],
}

FLANNEL_OVERLAY = {
    "cniVersion": "0.2.0",
    "name": "vxlan7",
    "type": "flannel",
    "capabilities": {"portMappings": True, "dnsCapabilities": True},
    "delegate": {
        "type": "sdnoverlay",
        "optionalFlags": {"loopbackDSR": False},
        "AdditionalArgs": [
            endpoint(Type="OutBoundNAT", Settings={"Exceptions": ["10.245.0.0/16", "10.97.0.0/16"]}),
            endpoint(Type="SDNRoute", Settings={"DestinationPrefix": "10.97.0.0/16", "NeedEncap": True}),
        ],
    },
}

FLANNEL_WIN_BRIDGE = {
    "name": "cbr7",
    "type": "flannel",
    "delegate": {
        "apiVersion": 2,
        "type": "win-bridge",
        "dns": {"nameservers": ["10.97.0.10"], "search": ["svc.cluster.local"]},
        "policies": [
            lower_endpoint(Type="OutBoundNAT", Settings={"Exceptions": ["10.245.0.0/16"]}),
            lower_endpoint(Type="SDNRoute", Settings={"DestinationPrefix": "10.5.6.7/32", "NeedEncap": True}),
        ],
        "loopbackDSR": True,
    },
}

WIN_BRIDGE_AND_PORTMAP = {
    "cniVersion": "1.0.0",
    "name": "cbr7",
    "disableCheck": True,
    "plugins": [
        {
            "type": "win-bridge",
            "ipMasqNetwork": "10.245.0.0/16",
            "policies": [
                lower_endpoint(Type="OutBoundNAT", ExceptionList=["10.245.0.0/16"]),
                lower_endpoint(Type="ROUTE", DestinationPrefix="10.5.6.7/32", NeedEncap=True),
            ],
        },
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ],
}


@pytest.mark.parametrize(
    ("document", "warnings"),
    [
        (
            OVN_KUBERNETES,
            [
                f"Policies[0].Value.Settings.ExceptionList: {UNKNOWN}did you mean 'Exceptions'?",
                f"Policies[0].Value.Settings.DestinationPrefix: {UNKNOWN}did you mean 'Destinations'?",
                f"Policies[0].Value.Settings.NeedEncap: {UNKNOWN}remove it",
                f"Policies[1].Value.Settings.ExceptionList: {UNKNOWN}remove it",
            ],
        ),
        (MICROSOFT_DUAL_STACK, [f"ipamv6: {UNKNOWN}did you mean 'ipam'?"]),
        (FLANNEL_OVERLAY, [f"type: 'flannel' {OTHERS}"]),
        (FLANNEL_WIN_BRIDGE, [f"type: 'flannel' {OTHERS}"]),
        (WIN_BRIDGE_AND_PORTMAP, [f"plugins[1].type: 'portmap' {OTHERS}"]),
    ],
    ids=["ovn-kubernetes", "dual stack", "flannel overlay", "flannel win-bridge", "win-bridge and portmap"],
)
def test_configuration_of_a_project_has_warnings_at_most(document, warnings):
    assert found(document) == [f"warning: {text}" for text in warnings]


# The plugins' own source adds such a policy for loopbackDSR.
LOOPBACK = {"Destinations": ["10.245.1.7"]}


@pytest.mark.parametrize(
    "config",
    [
        {"type": "sdnbridge", "AdditionalArgs": [endpoint(Type="OutBoundNAT", Settings=LOOPBACK)]},
        {"type": "win-bridge", "apiVersion": 2, "policies": [lower_endpoint(Type="OutBoundNAT", Settings=LOOPBACK)]},
        {"type": "win-bridge", "policies": [lower_endpoint(Type="OutBoundNAT", **LOOPBACK)]},
        {"type": "nat", "AdditionalArgs": [endpoint(Type="OutBoundNAT", Settings={})]},
        {"type": "nat", "AdditionalArgs": [endpoint(Type="SDNRoute", Settings={"DestinationPrefix": "::/0"})]},
    ],
)
def test_what_only_the_specification_of_autogen_requires_may_be_left_out(config):
    assert found({"cniVersion": "0.2.0", "name": "net", **config}) == []
