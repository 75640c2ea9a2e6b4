"""Environment, configuration and call: what is checked, in which order, and what travels inside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spec.results import example

from poplin.spec.call import REQUIRED, Call, Config, Environment, make_call, read_config
from poplin.spec.errors import CNIError, DecodingFailure, IncompatibleVersion, InvalidConfig, InvalidEnvironment
from poplin.spec.jsontext import dumps
from poplin.spec.result import Result
from poplin.spec.versions import KNOWN

ENVIRON = {
    "CNI_COMMAND": "ADD",
    "CNI_CONTAINERID": "c1",
    "CNI_NETNS": "/run/netns/c1",
    "CNI_IFNAME": "eth0",
    "CNI_ARGS": "IgnoreUnknown=1",
    "CNI_PATH": "/opt/cni/bin",
}


def facts(*rows: int):
    return pytest.mark.facts("cni-spec", *rows)


def call(**config: object) -> Call:
    """An ADD with this configuration of network n."""
    return make_call(Environment(ENVIRON), read_config(dumps({"name": "n", **config})), KNOWN)


def test_environment_is_taken_as_it_is():
    env = Environment({**ENVIRON, "CNI_NETNS_OVERRIDE": "True"})
    assert (env.command, env.container_id, env.netns, env.ifname, env.args, env.path, env.netns_override) == (
        *("ADD", "c1", "/run/netns/c1", "eth0", "IgnoreUnknown=1", "/opt/cni/bin"),
        True,
    )


def test_verbs_without_an_attachment_see_none():
    env = Environment({**ENVIRON, "CNI_COMMAND": "STATUS"})
    assert (env.container_id, env.netns, env.ifname, env.args, env.path) == ("", "", "", "", "/opt/cni/bin")


@pytest.mark.parametrize("command", REQUIRED)
def test_all_that_is_missing_is_listed_at_once(command):
    if not REQUIRED[command]:
        assert Environment({"CNI_COMMAND": command}).command == command
        return
    with pytest.raises(InvalidEnvironment) as caught:
        Environment({"CNI_COMMAND": command})
    assert caught.value.details == ", ".join(REQUIRED[command])


@given(st.dictionaries(st.sampled_from([*ENVIRON, "CNI_NETNS_OVERRIDE"]), st.text() | st.sampled_from([*REQUIRED])))
def test_any_environment_is_taken_or_refused_with_code_4(environ):
    try:
        Environment(environ)
    except CNIError as error:
        assert error.code == 4


@given(st.binary() | st.dictionaries(st.sampled_from(["name", "cniVersion", "type"]), st.text()).map(dumps))
def test_any_stdin_is_taken_or_refused_with_code_6_or_7(stdin):
    try:
        assert read_config(stdin).name
    except CNIError as error:
        assert error.code in (6, 7)


def test_integers_of_the_configuration_stay_exact():
    assert call(big=12345678901234567890).config.source["big"] == 12345678901234567890


def test_attachment_key_has_network_container_and_interface():
    assert call().key == "n/c1/eth0"
    assert repr(call()) == "<Call ADD n/c1/eth0>"


# prevResult.


@facts(75)
@pytest.mark.parametrize("config", [{}, {"prevResult": None}])
def test_absent_previous_result_is_none(config):
    assert call(cniVersion="1.1.0", **config).find_prev_result() is None


def test_required_previous_result_must_be_there():
    with pytest.raises(InvalidConfig) as caught:
        call(cniVersion="1.1.0").get_prev_result()
    assert caught.value.msg == "required prevResult is missing"


@facts(76)
@pytest.mark.parametrize(
    ("config", "given"),
    [("1.0.0", {}), ("1.0.0", {"cniVersion": ""}), ("1.1.0", {"cniVersion": "1.0.0"})],
)
def test_previous_result_is_of_the_configs_version_or_family(config, given):
    source = {key: value for key, value in example("1.0.0").items() if key != "cniVersion"}
    found = call(cniVersion=config, prevResult=source | given)
    assert found.reply(found.find_prev_result()) == source | {"cniVersion": config}


@facts(77)
@pytest.mark.parametrize("version", ["0.2.0", "5678.456"])
def test_previous_result_of_another_family_is_refused(version):
    with pytest.raises(DecodingFailure) as caught:
        call(cniVersion="1.1.0", prevResult={"cniVersion": version}).find_prev_result()
    assert (caught.value.code, caught.value.msg) == (6, "cannot decode prevResult")


@pytest.mark.parametrize(("config", "given"), [("1.0.0", "0.4.0"), ("0.4.0", "1.0.0"), ("0.2.0", "0.3.0")])
def test_families_do_not_mix(config, given):
    with pytest.raises(DecodingFailure):
        call(cniVersion=config, prevResult={"cniVersion": given}).find_prev_result()


@facts(78)
def test_previous_result_of_a_config_without_version_is_of_the_oldest():
    source = {"ip4": {"ip": "10.0.0.1/8"}, "dns": {}}
    found = call(prevResult=source)
    assert found.reply(found.find_prev_result()) == {"cniVersion": "0.1.0", **source}


@pytest.mark.parametrize("version", KNOWN)
def test_previous_result_passes_through_in_the_configs_version(version):
    passed = call(cniVersion=version, prevResult=example(version))
    assert passed.reply(passed.get_prev_result()) == example(version)


@pytest.mark.parametrize("wrong", [5, [], "x", {"ips": 5}, {"ips": [{"address": "x"}]}])
def test_previous_result_that_does_not_decode_is_refused(wrong):
    with pytest.raises(DecodingFailure):
        call(cniVersion="1.1.0", prevResult=wrong).find_prev_result()


def test_a_version_above_what_the_plugin_supports_is_named_to_the_newer_verbs():
    environ = {**ENVIRON, "CNI_COMMAND": "STATUS"}
    with pytest.raises(IncompatibleVersion) as caught:
        make_call(Environment(environ), read_config('{"name": "n", "cniVersion": "9.9.9"}'), ("1.1.0",))
    assert caught.value.msg == "plugin version does not allow STATUS"
    assert caught.value.details == "'9.9.9' is above what it supports: [\"1.1.0\"]"


# Answers and the list for GC.


def test_reply_is_in_the_configs_version():
    assert call(cniVersion="0.4.0").reply(Result()) == {"cniVersion": "0.4.0", "dns": {}}
    with pytest.raises(DecodingFailure, match="no valid IP address"):
        call().reply(Result())


def test_valid_attachments_are_pairs_of_container_and_interface():
    listed = {"cni.dev/valid-attachments": [{"containerID": "c1", "ifname": "eth0"}, {"containerID": "c2"}]}
    assert call(cniVersion="1.1.0", **listed).valid_attachments() == {("c1", "eth0"), ("c2", "")}
    assert call(cniVersion="1.1.0").valid_attachments() == frozenset()
    assert call(cniVersion="1.1.0", **{"cni.dev/valid-attachments": None}).valid_attachments() == frozenset()


def test_the_text_of_a_configuration_is_kept_where_it_was_text():
    text = dumps({"name": "n", "cniVersion": "1.0.0"})
    assert read_config(text.encode()).text == text.encode()
    assert Config({"name": "n"}).text == b""


def test_strictness_is_asked_for():
    assert call(strict=True).is_strict
    assert not call().is_strict
