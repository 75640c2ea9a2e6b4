"""The schemas of our plugins against their code: each property is read, whatever is read is a property, and the
defaults and examples are right. What a plugin reads is recorded while it reads; there is no list of it to keep."""

from __future__ import annotations

import re
from typing import Any

import pytest
from schema.schemas import OURS, SCHEMAS, list_properties
from validation.configurations import ENVIRON

from poplin.schema.dialect import get_validator
from poplin.spec import netlist
from poplin.spec.arguments import ANYBODYS
from poplin.spec.call import Call, Config, Environment, make_call
from poplin.spec.errors import CNIError
from poplin.spec.fields import Fields
from poplin.spec.netlist import parse_network_list, parse_plugin
from poplin.spec.record import Record
from poplin.spec.versions import KNOWN, NEWEST
from poplin.validation.readers import READERS, read_host_device, read_host_local

RUNTIME_KEYS = "cni.dev/"  # belong to the runtime, wherever they are
NOTES = {"$schema", "args", "nerdctlID", "nerdctlLabels"}  # of editors and engines in the head of a list

# The least that each plugin takes.
LEAST: dict[str, dict[str, Any]] = {
    "bandwidth": {"type": "bandwidth"},
    "bridge": {"type": "bridge"},
    "dhcp": {"type": "bridge", "ipam": {"type": "dhcp"}},
    "dnsname": {"type": "dnsname"},
    "dummy": {"type": "dummy", "ipam": {"type": "host-local"}},
    "firewall": {"type": "firewall"},
    "flannel": {"type": "flannel"},
    "host-device": {"type": "host-device", "device": "ens1"},
    "host-local": {"type": "bridge", "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.22.0.0/16"}]]}},
    "ipvlan": {"type": "ipvlan"},
    "loopback": {"type": "loopback"},
    "macvlan": {"type": "macvlan"},
    "portmap": {"type": "portmap"},
    "ptp": {"type": "ptp", "ipam": {"type": "host-local"}},
    "sbr": {"type": "sbr"},
    "static": {"type": "bridge", "ipam": {"type": "static"}},
    "tap": {"type": "tap"},
    "tuning": {"type": "tuning"},
    "vlan": {"type": "vlan", "master": "eth0", "ipam": {"type": "host-local"}},
    "vrf": {"type": "vrf", "vrfname": "red"},
}


def make_add(config: dict[str, Any], arguments: str = "") -> Call:
    """ADD of a configuration. Raises CNIError."""
    environ = Environment({**ENVIRON, "CNI_COMMAND": "ADD", "CNI_ARGS": arguments})
    return make_call(environ, Config({"name": "mynet", "cniVersion": NEWEST, **config}), KNOWN)


def read(plugin: str, config: dict[str, Any], arguments: str = "") -> object:
    """What the plugin makes of it, as something that compares. Raises CNIError."""
    call = make_add(config, arguments)
    settings = READERS[plugin](call)
    is_value = settings is None or isinstance(settings, Record)
    return call.config.version, settings if is_value else vars(settings)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The path of every key that is asked for, from now on: `ipam.ranges[][].subnet`."""
    found: set[str] = set()
    raw, contains = Fields.raw, Fields.__contains__

    def note(fields: Fields, key: str) -> None:
        if not key.startswith(RUNTIME_KEYS):
            found.add(re.sub(r"\[\d+\]", "[]", fields.path(key)))

    def record_raw(fields: Fields, key: str) -> object:
        note(fields, key)
        return raw(fields, key)

    def record_contains(fields: Fields, key: str) -> bool:
        note(fields, key)
        return contains(fields, key)

    monkeypatch.setattr(Fields, "raw", record_raw)
    monkeypatch.setattr(Fields, "__contains__", record_contains)
    return found


@pytest.mark.parametrize("plugin", OURS)
def test_every_property_is_read_and_whatever_is_read_is_a_property(plugin, asked):
    properties = list_properties(plugin)
    known = {each.path for each in properties}
    by_runtime: set[str] = set()
    for each in properties:
        config = each.put(LEAST[plugin], each.sample)
        read(plugin, config)
        by_plugin = set(asked)
        parse_plugin({"type": plugin, **config})
        by_runtime |= asked - by_plugin
        asked.clear()
        asked |= by_plugin
    in_lists = {path for path in asked if path.endswith("[]")}  # lists in lists go by their numbers
    assert asked - in_lists - known == set(), "the plugin reads what its schema does not have"
    assert known - asked - by_runtime == set(), "the schema has what the plugin does not read"


@pytest.mark.parametrize("plugin", OURS)
def test_defaults_are_what_the_plugin_uses(plugin):
    """Null counts as absent."""
    with_default = [each for each in list_properties(plugin) if "default" in each.schema and each.path != "cniVersion"]
    assert "strict" in [each.path for each in with_default]
    for each in with_default:
        absent = read(plugin, each.put(LEAST[plugin], None))
        assert read(plugin, each.put(LEAST[plugin], each.schema["default"])) == absent, each.path


@pytest.mark.parametrize("plugin", OURS)
def test_the_default_version_is_what_the_plugin_uses(plugin):
    (version,) = [each for each in list_properties(plugin) if each.path == "cniVersion"]
    assert make_add({**LEAST[plugin], "cniVersion": None}).config.version == version.schema["default"]
    assert version.schema["enum"] == list(KNOWN)


@pytest.mark.parametrize("plugin", OURS)
def test_every_switch_says_its_default(plugin):
    switches = [each for each in list_properties(plugin) if each.schema.get("type") == "boolean"]
    silent = [each for each in switches if "default" not in each.schema and "x-default" not in each.schema]
    assert [each.path for each in silent if each.steps[0] != "capabilities"] == []


@pytest.mark.parametrize("plugin", OURS)
def test_every_example_is_taken_by_the_schema_and_by_the_plugin(plugin):
    tried = 0
    for each in list_properties(plugin):
        for example in each.schema.get("examples", ()):
            if each.steps[-1] != "type":  # another plugin's
                config = each.put(LEAST[plugin], example)
                assert [error.absolute_path for error in get_validator(plugin).iter_errors(config)] == [], each.path
                read(plugin, config)
                tried += 1
    assert tried >= 2


@pytest.mark.parametrize("plugin", OURS)
def test_what_is_read_of_cni_args_is_said(plugin):
    """A value that cannot be is refused by whoever reads it, and by nobody else."""
    refused = []
    for key in ANYBODYS:
        try:
            read(plugin, LEAST[plugin], f"{key}=x")
        except CNIError:
            refused.append(key)
    assert sorted(refused) == sorted(SCHEMAS[f"{plugin}.json"].get("x-args", {}))


class Asked(dict[str, Any]):
    """An object that knows what it was asked for."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.keys_asked: set[str] = set()

    def __contains__(self, key: object) -> bool:
        self.keys_asked.add(str(key))
        return super().__contains__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self.keys_asked.add(key)
        return super().get(key, default)


def test_the_head_of_a_list_is_what_the_runtime_reads(monkeypatch):
    head = Asked({"name": "mynet", "cniVersions": ["1.0.0"], "plugins": [{"type": "bridge"}]})
    monkeypatch.setattr(netlist, "loads_object", lambda text, what: head)
    parse_network_list("")
    properties = SCHEMAS["list.json"]["properties"]
    assert head.keys_asked == set(properties) - NOTES
    switches = {name: each["default"] for name, each in properties.items() if "x-switch" in each}
    plain = parse_network_list("")
    head.update(switches)
    assert parse_network_list("") == plain


def test_host_local_needs_no_ranges_if_the_runtime_brings_them():
    config = {"ipam": {"type": "host-local"}}
    with pytest.raises(CNIError, match="no IP ranges specified"):
        read_host_local(make_add(config))
    read_host_local(make_add({**config, "capabilities": {"ipRanges": True}}))


def test_host_device_needs_no_selector_if_the_runtime_brings_it():
    config = {"type": "host-device"}
    with pytest.raises(CNIError, match="no selector says which device to move"):
        read_host_device(make_add(config))
    read_host_device(make_add({**config, "capabilities": {"deviceID": True}}))
