"""firewall on a kernel in memory: the plan of each verb as `nft` lines, and what it refuses before it does anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from firewall_lab import NOBODY

from poplin.linux.fake.kernel import FakeKernel
from poplin.linux.nft import skeleton
from poplin.linux.nft.forward import ADMIN_FILE, OWN_CHAINS, TABLE
from poplin.plugins.firewall.plugin import PLUGIN
from poplin.plugins.firewall.settings import POLICIES
from poplin.plugins.kit.skel import RESTORE, Answer, answer
from poplin.spec.call import Call, Config, Environment

NFT = f"{skeleton.FOLDER}/"
ENVIRON = {
    "CNI_CONTAINERID": "c1",
    "CNI_NETNS": "/run/netns/c1",
    "CNI_IFNAME": "eth0",
    "CNI_PATH": "/nowhere",
    "DBUS_SYSTEM_BUS_ADDRESS": NOBODY,
}
OWNER = 'comment "46273df3fb63c923 mynet/c1/eth0"'
LOAD = f"""\
nft -f {NFT}forward.nft
nft add element inet poplin skeletons {{ "forward-1" }}
sed -e 's|@NAME@|CNI-ADMIN|g' -e 's|@NUMBER@|eed8e52a|g' {NFT}admin.nft | nft -f -
nft add element inet poplin skeletons {{ "adm-eed8e52a-1" }}
nft add element inet poplin skeletons {{ "adm-eed8e52a-1" }}""".splitlines()
ADDRESSES = f"""\
nft create element inet poplin allowed4 {{ 10.1.2.3 {OWNER} }}
nft create element inet poplin allowed6 {{ fd00::3 {OWNER} }}""".splitlines()


def conf(**fields: Any) -> dict[str, Any]:
    interfaces = [{"name": "br0"}, {"name": "veth1"}, {"name": "eth0", "sandbox": "/run/netns/c1"}]
    ips = [{"address": "10.1.2.3/24", "interface": 2}, {"address": "fd00::3/64"}, {"address": "10.1.2.3/16"}]
    previous = {"cniVersion": "1.1.0", "interfaces": interfaces, "ips": ips, "dns": {}}
    return {"cniVersion": "1.1.0", "name": "mynet", "type": "firewall", "prevResult": previous, **fields}


def call(kernel: FakeKernel, command: str, config: dict[str, Any]) -> Answer:
    kernel.log.clear()
    return answer(PLUGIN, {**ENVIRON, "CNI_COMMAND": command}, json.dumps(config).encode, kernel)


def perform(kernel: FakeKernel, command: str, config: dict[str, Any]) -> list[str]:
    """The log of a verb that must succeed."""
    reply = call(kernel, command, config)
    assert reply.status == 0, reply.output
    return unquote(kernel.log)


def unquote(log: list[str]) -> list[str]:
    """Without the shell's quotes around what is one argument of nft."""
    return [f"nft {line[5:-1]}" if line.startswith("nft '") else line for line in log]


@pytest.fixture
def kernel() -> FakeKernel:
    return FakeKernel(["/run/netns/c1"])


def test_add_and_del_of_a_plain_network(kernel: FakeKernel) -> None:
    assert perform(kernel, "ADD", conf()) == LOAD + ADDRESSES
    assert perform(kernel, "CHECK", conf()) == []
    assert perform(kernel, "DEL", conf()) == [
        "nft delete element inet poplin allowed4 { 10.1.2.3 }",
        "nft delete element inet poplin allowed6 { fd00::3 }",
    ]
    assert perform(kernel, "DEL", conf()) == []


def test_the_second_container_is_two_elements(kernel: FakeKernel) -> None:
    perform(kernel, "ADD", conf())
    config = conf()
    config["prevResult"]["ips"] = [{"address": "10.1.2.4/24"}]
    kernel.log.clear()
    reply = answer(
        PLUGIN, {**ENVIRON, "CNI_COMMAND": "ADD", "CNI_CONTAINERID": "c2"}, json.dumps(config).encode, kernel
    )
    assert reply.status == 0
    assert [line.partition(" comment")[0] for line in unquote(kernel.log)] == [
        LOAD[-1],
        "nft create element inet poplin allowed4 { 10.1.2.4",
    ]


def test_add_of_an_isolated_network(kernel: FakeKernel) -> None:
    assert perform(kernel, "ADD", conf(ingressPolicy="isolated"))[len(LOAD) + 2 :] == [
        f'nft create element inet poplin guests {{ "br0" . "isolated" . "46273df3fb63c92" {OWNER} }}',
        f"nft -f {NFT}isolation.nft",
        'nft add element bridge poplin skeletons { "isolation-1" }',
        f'nft create element bridge poplin isolated {{ "veth1" {OWNER} }}',
        'nft add element inet poplin guarded { "br0" }',
        'nft add element inet poplin selves { "br0" . "br0" }',
        'nft add element inet poplin strangers { "br0" . "br0" }',
    ]
    assert perform(kernel, "CHECK", conf(ingressPolicy="isolated")) == []
    del_lines = perform(kernel, "DEL", {**conf(), "prevResult": None})
    assert sorted(line.partition(" {")[0] for line in del_lines) == [
        "nft delete element bridge poplin isolated",
        "nft delete element inet poplin allowed4",
        "nft delete element inet poplin allowed6",
        "nft delete element inet poplin guests",
    ]
    collected = perform(kernel, "GC", {**conf(), "cni.dev/valid-attachments": []})
    assert collected == [
        'nft delete element inet poplin guarded { "br0" }',
        'nft delete element inet poplin selves { "br0" . "br0" }',
        'nft delete element inet poplin strangers { "br0" . "br0" }',
    ]


def test_restore_does_what_add_does_over_rules_loaded_anew(kernel: FakeKernel) -> None:
    perform(kernel, "ADD", conf())
    kernel.log.clear()
    PLUGIN.verbs[RESTORE](Call(Environment({**ENVIRON, "CNI_COMMAND": "CHECK"}), Config(conf())), kernel)
    assert LOAD[2] in unquote(kernel.log)
    assert perform(kernel, "CHECK", conf()) == []


# Refusals.


@pytest.mark.parametrize(
    ("name", "words"),
    [
        *((each, "is the name of a chain of ours") for each in ("forward", "publish_12345678", "admin_1")),
        *((each, "invalid iptablesAdminChainName") for each in ("a b", "1a", "-a", "a;b", "a{", "ä", 'a"', "x" * 129)),
    ],
)
def test_a_chain_name_that_nft_would_misread(kernel: FakeKernel, name: str, words: str) -> None:
    reply = call(kernel, "ADD", conf(iptablesAdminChainName=name))
    assert (reply.status, kernel.log) == (1, [])
    error = json.loads(reply.output)
    assert error["code"] == 7
    assert words in error["msg"]


def test_the_names_of_our_chains_are_those_in_the_files() -> None:
    names = {ADMIN_FILE}
    for path in skeleton_files():
        lines = [line.split() for line in path]
        if ["table", *TABLE.split(), "{"] in lines:
            names |= {words[1].partition("@")[0] for words in lines if words[:1] == ["chain"]}
    assert names - {"admin_"} == OWN_CHAINS


def skeleton_files() -> list[list[str]]:
    """The lines of each `.nft`."""
    return [path.read_text().splitlines() for path in sorted(Path(skeleton.FOLDER).glob("*.nft"))]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"ingressPolicy": 5}, 6),
        ({"backend": ["iptables"]}, 6),
        ({"firewalldZone": 1}, 6),
        ({"strict": True, "zone": "trusted"}, 2),
        ({"prevResult": {"cniVersion": "1.1.0", "ips": [{"address": "x"}]}}, 6),
        ({"prevResult": None}, 7),
    ],
)
def test_settings_are_refused_before_anything_is_touched(kernel: FakeKernel, fields: dict[str, Any], code: int) -> None:
    reply = call(kernel, "ADD", conf(**fields))
    assert (reply.status, json.loads(reply.output)["code"], kernel.log) == (1, code, [])


@pytest.mark.parametrize("name", ["interface-name-16", "x" * 200, "a\0b"])
@pytest.mark.parametrize("policy", POLICIES[1:])
def test_a_name_that_no_bridge_can_have(kernel: FakeKernel, name: str, policy: str) -> None:
    config = conf(ingressPolicy=policy)
    config["prevResult"]["interfaces"][0]["name"] = name
    reply = call(kernel, "ADD", config)
    assert (reply.status, json.loads(reply.output)["code"], kernel.log) == (1, 7, [])
    assert perform(kernel, "DEL", config) == []


def test_an_ignored_key_and_capitalised_ones(kernel: FakeKernel) -> None:
    config = {key.capitalize(): value for key, value in conf(zone="x", ingressPolicy="open", strict=False).items()}
    assert perform(kernel, "ADD", config) == LOAD + ADDRESSES
