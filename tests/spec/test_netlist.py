"""Network configuration lists: what is read, what is refused, and setting keys in them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from poplin.spec.errors import CNIError, DecodingFailure, InvalidConfig
from poplin.spec.netlist import inject, parse_network_list, parse_single

NOOP = {"type": "noop"}


def read(**keys: Any) -> Any:
    """A list with these keys."""
    return parse_network_list(json.dumps({"name": "n", "plugins": [NOOP], **keys}))


@pytest.mark.facts("cni-spec", 79)
def test_a_list_has_name_version_switches_and_its_plugins_in_order() -> None:
    plugins = [{"type": "one", "key": [1]}, {"type": "two"}, {"type": "three"}]
    text = json.dumps({"name": "n", "cniVersion": "0.2.0", "disableCheck": True, "plugins": plugins}).encode()
    network = parse_network_list(text)
    assert (network.name, network.version, network.disable_check, network.disable_gc) == ("n", "0.2.0", True, False)
    assert [plugin.type for plugin in network.plugins] == ["one", "two", "three"]
    assert [plugin.source for plugin in network.plugins] == plugins
    assert network.text == text


@pytest.mark.facts("cni-spec", 88)
@pytest.mark.parametrize("key", ["disableCheck", "disableGC", "loadOnlyInlinedPlugins"])
def test_a_switch_is_a_boolean_or_its_word_in_any_case(key: str) -> None:
    attribute = {"disableCheck": "disable_check", "disableGC": "disable_gc", "loadOnlyInlinedPlugins": "inlined_only"}
    given = [True, False, "true", "FALSE"]
    assert [getattr(read(**{key: value}), attribute[key]) for value in given] == [True, False, True, False]
    for value in ("junk", 1, None):
        with pytest.raises(DecodingFailure, match=f"cannot decode `{key}`"):
            read(**{key: value})


@pytest.mark.facts("cni-spec", 94)
@pytest.mark.parametrize("plugins", [[], None, {}, [5]])
def test_plugins_is_a_list_of_objects(plugins: object) -> None:
    with pytest.raises(DecodingFailure, match="cannot decode `plugins`"):
        read(plugins=plugins)


@pytest.mark.facts("cni-spec", 95)
@pytest.mark.parametrize("plugin", [{}, {"name": "noop"}, {"type": ""}])
def test_a_plugin_has_a_type(plugin: dict[str, object]) -> None:
    with pytest.raises(InvalidConfig, match="missing plugin type"):
        read(plugins=[plugin])


@pytest.mark.facts("cni-spec", 96)
@pytest.mark.parametrize("capabilities", [{"x": "true"}, []])
def test_capabilities_are_booleans_by_name(capabilities: object) -> None:
    with pytest.raises(DecodingFailure, match="cannot decode `capabilities"):
        read(plugins=[{**NOOP, "capabilities": capabilities}])


def test_only_capabilities_that_are_true_are_declared() -> None:
    network = read(plugins=[{**NOOP, "capabilities": {"mac": True, "ips": False}}])
    assert network.plugins[0].capabilities == {"mac"}


@pytest.mark.parametrize(
    "keys", [{"cniVersion": 1}, {"name": 5}, {"ipam": {"type": 1}}, {"dns": []}, {"prevResult": "x"}, {"ipam": []}]
)
def test_known_keys_of_a_plugin_have_their_type(keys: dict[str, object]) -> None:
    with pytest.raises(DecodingFailure):
        read(plugins=[{**NOOP, **keys}])


@pytest.mark.facts("cni-spec", 97)
def test_the_name_is_a_string_under_exactly_this_key() -> None:
    for text in ('{"plugins": [{"type": "noop"}]}', '{"Name": "n", "plugins": [{"type": "noop"}]}'):
        with pytest.raises(InvalidConfig, match="missing network name"):
            parse_network_list(text)
    for name in (5, None):
        with pytest.raises(DecodingFailure, match="cannot decode `name`"):
            read(name=name)


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a\0b", "a b"])
def test_a_name_that_could_not_be_a_file_name_is_refused_at_once(name: str) -> None:
    with pytest.raises(InvalidConfig):
        read(name=name)


@pytest.mark.facts("cni-spec", 98)
def test_the_newest_offered_version_that_we_know_of_is_chosen() -> None:
    assert read(cniVersions=["1.1.0", "0.4.0", "1.0.0"]).cni_version == "1.1.0"
    assert read(cniVersions=["99.0.0", "1.1.0", "0.4.0"]).cni_version == "1.1.0"
    with pytest.raises(DecodingFailure, match="cannot decode the version"):
        read(cniVersions=["1.1.0", "1.0.f"])


@pytest.mark.facts("cni-spec", 99)
def test_without_an_offer_the_version_is_as_written() -> None:
    assert read(cniVersion="1.2.3").cni_version == "1.2.3"
    assert read(cniVersions=[]).cni_version == ""
    assert read(cniVersions=[]).version == "0.1.0"


@pytest.mark.facts("cni-spec", 100)
def test_the_version_itself_is_part_of_the_offer() -> None:
    assert read(cniVersion="1.0.0", cniVersions=["0.1.0", "0.4.0"]).cni_version == "1.0.0"


@pytest.mark.facts("cni-spec", 101)
def test_an_unknown_version_gives_way_to_a_known_one_only() -> None:
    assert read(cniVersion="1.2.3", cniVersions=["1.0.0"]).cni_version == "1.0.0"
    assert read(cniVersion="1.2.3", cniVersions=["2.0.0"]).cni_version == "1.2.3"


@pytest.mark.parametrize("versions", [None, "1.0.0", [1]])
def test_the_offer_is_a_list_of_strings(versions: object) -> None:
    with pytest.raises(DecodingFailure, match="cannot decode `cniVersions`"):
        read(cniVersions=versions)


@pytest.mark.facts("cni-spec", 102)
def test_injecting_sets_a_key_and_keeps_all_others() -> None:
    base = '{"name": "n", "dns": {"nameservers": ["1.1.1.1"]}}'
    dns = {"nameservers": ["1.1.1.1"]}
    assert inject(base, {"new": [1]}) == {"name": "n", "dns": dns, "new": [1]}
    assert inject(base, {"name": "other"}) == {"name": "other", "dns": dns}
    assert inject(base, {"name": "n"}) == {"name": "n", "dns": dns}
    assert inject(base, {"dns": {"domain": "d"}}) == {"name": "n", "dns": {"domain": "d"}}


def test_injecting_replaces_a_key_in_whatever_case_it_was_written() -> None:
    assert inject({"NAME": "a", "Name": "b"}, {"name": "c"}) == {"name": "c"}


@pytest.mark.facts("cni-spec", 103)
@pytest.mark.parametrize(
    ("base", "values"), [("{}", {"": 1}), ("{}", {"key": None}), ("{", {"key": 1}), ("null", {"key": 1})]
)
def test_injecting_nothing_or_into_nothing_is_an_error(base: str, values: dict[str, object]) -> None:
    with pytest.raises(CNIError):
        inject(base, values)


@pytest.mark.facts("cni-spec", 104)
def test_a_single_plugin_becomes_a_list_of_one_that_reads_the_same() -> None:
    single = parse_single('{"name": "n", "cniVersion": "0.3.1", "type": "bridge", "isGateway": true}')
    again = parse_network_list(single.text)
    assert (again.name, again.cni_version) == ("n", "0.3.1")
    assert again.plugins == single.plugins
    assert again.plugins[0].source["isGateway"] is True


def test_a_single_plugin_without_name_takes_the_default() -> None:
    network = parse_single('{"type": "loopback"}', default_name="99-loopback")
    assert (network.name, network.cni_version, network.version) == ("99-loopback", "", "0.1.0")
    with pytest.raises(InvalidConfig, match="missing network name"):
        parse_single('{"type": "loopback"}')
