"""Configurations to validate, and what ADD says to each up to where it would begin its work."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from poplin.invoke.entry import PLUGINS
from poplin.plugins.host_local import add as host_local_add
from poplin.plugins.kit.delegate import load_plugin
from poplin.runtime.networks import load_file
from poplin.runtime.request import make_config
from poplin.schema.finding import Finding
from poplin.spec.call import Call, Config, Environment, make_call
from poplin.spec.convert import convert
from poplin.spec.errors import CNIError
from poplin.spec.fields import Fields
from poplin.spec.result import format_result, parse_result
from poplin.validation.check import check_file
from poplin.validation.installed import Installed

ENVIRON = {"CNI_CONTAINERID": "c1", "CNI_NETNS": "/run/netns/c1", "CNI_IFNAME": "eth0", "CNI_PATH": "/opt/cni/bin"}
WITH_IPAM = ("bridge", "dummy", "host-device", "ipvlan", "macvlan", "ptp", "tap", "vlan")
PREVIOUS = {
    "cniVersion": "1.1.0",
    "interfaces": [{"name": "veth0"}, {"name": "eth0", "sandbox": "/run/netns/c1"}],
    "ips": [{"address": "10.22.0.2/16", "interface": 1}],
}


class Begun(Exception):
    """The plugin has read what it was told and begins to do something."""


class Untouched:
    """A kernel that nobody may use."""

    def __getattr__(self, name: str) -> Any:
        raise Begun


def begin(*arguments: object, **more: object) -> Any:
    """In place of what host-local does first."""
    raise Begun


def add(config: Mapping[str, Any], plugin_type: str) -> None:
    """ADD of one of our plugins until it begins. Raises CNIError."""
    plugin = load_plugin(PLUGINS[plugin_type])
    call = make_call(Environment({**ENVIRON, "CNI_COMMAND": "ADD"}), Config(dict(config)), plugin.versions)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(host_local_add, "ensure_folder", begin)
        patch.setattr(Call, "reply", begin)
        with suppress(Begun):
            plugin.verbs["ADD"](call, Untouched())  # type: ignore[arg-type]


def find_refusal(file: Path) -> str | None:
    """Why ADD of the network in this file fails before anything is done, None if it does not."""
    try:
        network = load_file(file)
        for number, member in enumerate(network.plugins):
            config = make_config(network, member)
            if number:
                config["prevResult"] = format_result(convert(parse_result(PREVIOUS), network.version))
            assert member.type in PLUGINS, "the tests' configurations are of our plugins"
            add(config, member.type)
            ipam = Fields(config).fields("ipam").text("type") if member.type in WITH_IPAM else ""
            if ipam:
                assert ipam in PLUGINS
                add(config, ipam)
    except CNIError as error:
        return str(error)
    return None


def validate(config: object, file: Path, bin_dir: Path) -> list[Finding]:
    """The findings in a configuration, written to a file."""
    file.write_text(config if isinstance(config, str) else json.dumps(config))
    return check_file(file.read_bytes(), str(file), Installed((str(bin_dir),), may_ask=False))


def lines(findings: list[Finding]) -> list[str]:
    """`error 3:5 plugins[0].mtu: ...`."""
    return [f"{each.severity} {each.line}:{each.column} {each}" for each in findings]


def errors(findings: list[Finding]) -> list[str]:
    """The errors without their places."""
    return [str(each) for each in findings if each.severity == "error"]
