"""`--check` of what contains configurations: lists with their heads, and plugins that hand one to another."""

from __future__ import annotations

import pytest
from autogen.configurations import TYPES, found

HEAD = {"cniVersion": "0.2.0", "name": "net"}
NAT = {"type": "nat"}
NOT_A_NAME = "is not a network name: a letter or digit, then letters, digits, `_`, `.` and `-`"
NOT_A_VERSION = "is not a version of the CNI specification; write one like 0.3.0"


# Lists.


def test_list_is_checked_as_the_runtime_hands_it_to_each_plugin():
    plugin = {"type": "sdnbridge", "name": "own/name", "ipam": {"subnet": "x"}}
    assert found({"plugins": [plugin, {"type": "nat", "dns": 3}], "name": "a/b", "cniVersion": "0.3.1"}) == [
        "error: plugins[0].ipam.subnet: 'x' is not an IPv4 prefix; write one like 10.0.0.0/24",
        "error: plugins[1].dns: 3 is not an object; write an object",
        f"error: name: 'a/b' {NOT_A_NAME}",
        "error: cniVersion: '0.3.1' is not '0.2.0', '0.3.0', '0.4.0' or '1.0.0'; did you mean '0.3.0'?",
    ]


@pytest.mark.parametrize(
    ("plugins", "sentence"),
    [
        ([], "plugins: [] is empty; write at least one plugin"),
        (NAT, 'plugins: {"type": "nat"} is not a list; write something like [{"type": "sdnbridge"}]'),
        (None, 'plugins: is null; write something like [{"type": "sdnbridge"}]'),
        (["nat"], 'plugins[0]: \'nat\' is not an object; write something like {"type": "sdnbridge"}'),
        ([NAT, None], 'plugins[1]: is null; write something like {"type": "sdnbridge"}'),
        ([{}], f"plugins[0].type: is missing; write one of {TYPES}"),
        ([{"type": "nat", "dns": {}, "DNS": {}}], "plugins[0].DNS: 'dns' and 'DNS' are the same name to the plugin; "),
    ],
)
def test_list_needs_plugins(plugins, sentence):
    (error,) = found({**HEAD, "plugins": plugins})
    assert error.startswith(f"error: {sentence}")


@pytest.mark.parametrize(
    "change",
    [
        {"cniVersions": ["0.2.0", "1.1.0"]},
        {"disableCheck": True, "disableGC": False, "loadOnlyInlinedPlugins": False},
        {"disableCheck": "TRUE"},  # as the specification once had it
        {"cni.dev/attachments": []},
    ],
)
def test_head_of_a_list_is_accepted(change):
    assert found({**HEAD, **change, "plugins": [NAT]}) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"cniVersion": "one"}, f"cniVersion: 'one' {NOT_A_VERSION}"),
        ({"cniVersion": None}, 'cniVersion: is null; write something like "1.0.0"'),
        ({"cniVersion": 1}, 'cniVersion: 1 is not a string; write something like "1.0.0"'),
        ({"name": ""}, f"name: '' {NOT_A_NAME}"),
        ({"name": "my net"}, f"name: 'my net' {NOT_A_NAME}"),
        ({"name": 7}, 'name: 7 is not a string; write "7"'),
        ({"cniVersions": "1.0.0"}, "cniVersions: '1.0.0' is not a list; write [\"1.0.0\"]"),
        ({"cniVersions": ["1.0.0", 1]}, 'cniVersions[1]: 1 is not a string; write something like "1.0.0"'),
        ({"cniVersions": ["v1"]}, f"cniVersions[0]: 'v1' {NOT_A_VERSION}"),
        ({"disableCheck": 1}, "disableCheck: 1 is not true or false; write one of them"),
        ({"disableGC": "no"}, "disableGC: 'no' is not true or false; write one of them"),
    ],
)
@pytest.mark.parametrize("plugin", [NAT, {"type": "win-bridge"}, {"type": "flannel"}], ids=str)
def test_head_of_a_list_is_refused(plugin, change, sentence):
    errors = [line for line in found({**HEAD, **change, "plugins": [plugin]}) if line.startswith("error")]
    assert errors == [f"error: {sentence}"]


def test_list_needs_a_name_and_the_version_its_plugins_need():
    name = 'error: name: is missing; write something like "azure-cni"'
    assert found({"plugins": [NAT]}) == [
        name,
        "error: cniVersion: is missing; write '0.2.0', '0.3.0', '0.4.0' or '1.0.0'",
    ]
    assert found({"plugins": [{"type": "win-bridge"}]}) == [name]


def test_unknown_key_in_the_head_of_a_list_is_a_warning():
    assert found({**HEAD, "disableChecks": True, "plugins": [NAT], "dns": {}}) == [
        "warning: disableChecks: the runtime does not know it and ignores it; did you mean 'disableCheck'?",
        "warning: dns: the runtime does not know it and ignores it; remove it",
    ]


# Plugins of others.


def not_checked(place, kind):
    return f"warning: {place}: '{kind}' is not checked: known are {TYPES}"


@pytest.mark.parametrize("kind", ["flannel", "portmap", "azure-vnet", "bridge", "vpc-bridge", "ovn-k8s-cni-overlay"])
def test_plugin_of_others_is_not_checked(kind):
    assert found({**HEAD, "type": kind, "ipam": 3, "anything": 4}) == [not_checked("type", kind)]


def test_plugins_of_others_in_a_list_do_not_hide_ours():
    assert found({**HEAD, "plugins": [{"type": "portmap", "snat": True}, {"type": "nat", "dns": 3}]}) == [
        not_checked("plugins[0].type", "portmap"),
        "error: plugins[1].dns: 3 is not an object; write an object",
    ]


# Delegates.


def delegating(**delegate):
    return {**HEAD, "type": "flannel", "delegate": delegate}


@pytest.mark.parametrize(
    "delegate",
    [
        {"type": "sdnoverlay", "optionalFlags": {"loopbackDSR": False}},
        {"type": "win-overlay", "endpointMacPrefix": "0E-2A"},
        {"type": "win-overlay", "ipam": None},
        {"type": "win-bridge", "apiVersion": 2},
        {"loopbackDSR": True},  # win-bridge is what flannel takes
    ],
)
def test_delegate_gets_its_name_version_and_addresses_from_the_plugin_around_it(delegate):
    assert found(delegating(**delegate)) == [not_checked("type", "flannel")]
    assert found({"name": "net", "type": "flannel", "delegate": delegate}) == [not_checked("type", "flannel")]
    assert found({**HEAD, "plugins": [delegating(**delegate)]}) == [not_checked("plugins[0].type", "flannel")]


def test_delegate_is_checked_in_its_place():
    delegate = {"type": "sdnbridge", "name": "x/y", "ipam": {"subnet": "fd00::/64"}, "dns": 3}
    told = [
        not_checked("type", "flannel"),
        "error: delegate.ipam.subnet: 'fd00::/64' is not an IPv4 prefix; write one like 10.0.0.0/24",
        "error: delegate.dns: 3 is not an object; write an object",
    ]
    assert found(delegating(**delegate)) == told
    inner = [line.replace(": ", ": plugins[0].", 1) for line in told]
    assert found({**HEAD, "plugins": [delegating(**delegate)]}) == inner
    assert found({**delegating(**delegate), "name": "a b"}) == [f"error: name: 'a b' {NOT_A_NAME}", *told]


def test_delegate_with_a_misspelt_type_is_refused_and_one_of_others_is_not_checked():
    assert found(delegating(type="sdbridge", dns=3)) == [
        not_checked("type", "flannel"),
        "error: delegate.type: 'sdbridge' is not a type of a Windows plugin; did you mean 'sdnbridge'?",
        "error: delegate.dns: 3 is not an object; write an object",
    ]
    assert found(delegating(type="bridge", dns=3)) == [
        not_checked("type", "flannel"),
        not_checked("delegate.type", "bridge"),
    ]


@pytest.mark.parametrize("delegate", [None, 3, [], "win-bridge"])
def test_delegate_that_is_no_object_is_left_to_its_plugin(delegate):
    assert found({**HEAD, "type": "flannel", "delegate": delegate}) == [not_checked("type", "flannel")]
