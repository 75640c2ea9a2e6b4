"""The plugins' pages are what the schemas say, and the example of each is attached, checked and detached for real."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from dhcp_lab import BRIDGE, Daemon, dnsmasq, make_network
from docs.readme import CHECKOUT
from firewall import elements

from poplin.invoke.entry import PLUGINS
from poplin.schema.registry import load_schemas

SCHEMAS = load_schemas()
PAGES = CHECKOUT / "docs" / "plugins"
PORTS = [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]
ALWAYS = ("fields", "verbs", "objects", "differences", "example")
FROM_RUNTIME = ("runtimeConfig", "args")
NEVER_IN_FIELDS = ("cniVersion", "type", *FROM_RUNTIME)

# What each example gives its container.
ADDRESSES = {
    "bandwidth": ["10.22.0.2/16"],
    "bridge": ["10.22.0.2/16", "fd00:22::2/64"],
    "dnsname": ["10.22.0.2/16"],
    "firewall": ["10.22.0.2/16"],
    "flannel": ["10.1.17.2/24"],
    "host-device": ["10.22.0.2/16", "fd00:22::2/64"],
    "host-local": ["10.22.1.0/16", "fd00:22::2/64"],
    "macvlan": ["10.22.0.2/16", "fd00:22::2/64"],
    "portmap": ["10.22.0.2/16"],
    "ptp": ["10.22.0.2/16", "fd00:22::2/64"],
    "sbr": ["10.22.0.2/16"],
    "static": ["10.22.0.2/16", "fd00:22::2/64"],
    "tap": ["10.22.0.2/16", "fd00:22::2/64"],
    "tuning": ["10.22.0.2/16"],
}
WITH_PORTS = ("flannel", "portmap")  # whose examples publish some
# What there must be on the host before that, as a line of the shell.
LINK = "ip link add {link} type veth peer name wire && ip link set {link} up && ip link set wire up"
GROUND = {
    "host-device": LINK.format(link="ens1"),
    **{plugin: LINK.format(link="eth0") for plugin in ("ipvlan", "macvlan", "vlan")},
}
# Whose examples the virtual machine tries, because other kernels do not have them: tests/vm/test_vm_examples.py.
IN_VM = ("dummy", "ipvlan", "vlan", "vrf")


def pages(*arguments: str) -> subprocess.CompletedProcess[str]:
    """scripts/pages."""
    command = [str(CHECKOUT / "scripts" / "pages"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def find_example(plugin: str) -> Any:
    """The configuration on the page."""
    (text,) = re.findall(r"<!-- begin example -->\n```json\n(.*?)```", (PAGES / f"{plugin}.md").read_text(), re.DOTALL)
    return json.loads(text)


def settle(example: Any, folder: Path) -> None:
    """Have files that are usually in /run in the test's own folder, and what flannel's page says of them there."""
    for each in example.get("plugins", [example]):
        if each["type"] in ("flannel", "tuning"):
            each["dataDir"] = str(folder / each["type"])
        if each["type"] == "flannel":
            (text,) = re.findall(r"```\n(FLANNEL_NETWORK.*?)```", (PAGES / "flannel.md").read_text(), re.DOTALL)
            (folder / "subnet.env").write_text(text)
            each["subnetFile"] = str(folder / "subnet.env")


def test_pages_are_up_to_date():
    done = pages("--check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), "run ./scripts/pages"


@pytest.mark.parametrize("plugin", PLUGINS)
def test_page_has_everything_that_the_schema_has(plugin):
    page, schema = (PAGES / f"{plugin}.md").read_text(), SCHEMAS[f"{plugin}.json"]
    begun = re.findall(r"<!-- begin (\w+)", page)
    assert set(ALWAYS) <= set(begun)
    has_runtime = "x-args" in schema or set(FROM_RUNTIME) & set(schema["properties"])
    assert ("runtime" in begun) == bool(has_runtime)
    section = schema.get("$defs", {}).get("ipam", schema)
    missing = [name for name in section["properties"] if name not in NEVER_IN_FIELDS and f"| `{name}` |" not in page]
    assert missing == []
    assert find_example(plugin) == schema["examples"][0]


@pytest.mark.parametrize("plugin", [plugin for plugin in PLUGINS if plugin not in ("dhcp", "loopback", *IN_VM)])
def test_example_of_the_page_works(plugin, node, tmp_path):
    shutil.rmtree("/var/lib/cni/networks", ignore_errors=True)  # the laboratory's, where addresses go on from the last
    example = find_example(plugin)
    settle(example, tmp_path)
    ending = "conflist" if "plugins" in example else "conf"
    (node.config_dir / f"05-example.{ending}").write_text(json.dumps(example))
    node.environ["CAP_ARGS"] = json.dumps({"portMappings": PORTS})
    node.environ["XDG_RUNTIME_DIR"] = str(tmp_path)  # where dnsname keeps its files
    assert node.run("validate", str(node.config_dir / f"05-example.{ending}"))[0] == 0
    container = node.host.add_container()
    node.host.sh(f"sh -c '{GROUND.get(plugin, ':')}'")
    before = node.host.links()
    for verb in ("add", "check"):
        status, output, errors = node.run(verb, example["name"], container.path)
        assert (status, errors) == (0, ""), output
    assert container.addresses("eth0") == ADDRESSES[plugin]
    assert bool(elements(node.host).get("ports4")) == (plugin in WITH_PORTS)
    status, output, errors = node.run("del", example["name"], container.path)
    assert (status, errors, container.links()) == (0, "", []), output
    assert [link for link in node.host.links() if link != "cni0"] == before
    assert elements(node.host).get("ports4", []) == []


def test_example_of_loopback_works(node):
    example = find_example("loopback")
    (node.config_dir / "05-example.conf").write_text(json.dumps(example))
    container = node.host.add_container()
    for verb, flags in (("add", True), ("check", True), ("del", False)):
        status, output, errors = node.run(verb, example["name"], container.path)
        assert (status, errors) == (0, ""), output
        assert ("UP" in container.json("link show dev lo")[0]["flags"]) == flags


def test_example_of_dhcp_works(node, tmp_path):
    """On a network with a server; the daemon listens elsewhere than usually, not to meet the machine's own."""
    example = find_example("dhcp")
    example["ipam"]["daemonSocketPath"] = str(tmp_path / "dhcp.sock")
    (node.config_dir / "05-example.conf").write_text(json.dumps(example))
    server, container = node.host.add_container(), node.host.add_container()
    make_network(server)
    node.host.sh(f"ip link add eth0 type veth peer name lan netns {server.id}")
    node.host.sh("ip link set eth0 up")
    server.sh(f"ip link set lan up master {BRIDGE}")
    node.environ["CNI_ARGS"] = "IgnoreUnknown=1;K8S_POD_NAME=web"
    with dnsmasq(server, tmp_path, "192.168.1.5", "192.168.1.9") as log:
        daemon = Daemon(node.host, tmp_path)
        for verb, addresses in (("add", ["192.168.1.5/24"]), ("check", ["192.168.1.5/24"]), ("del", [])):
            status, output, errors = node.run(verb, example["name"], container.path)
            assert (status, errors) == (0, ""), output
            assert (container.addresses("eth0") if addresses else container.links()) == addresses
        daemon.stop()
        assert "client provides name: web" in log.read_text()


def test_what_flannel_tells_bridge_is_what_its_page_shows(node, tmp_path):
    example = find_example("flannel")
    settle(example, tmp_path)
    (node.config_dir / "05-example.conflist").write_text(json.dumps(example))
    container = node.host.add_container()
    assert node.run("add", example["name"], container.path)[0] == 0
    (told,) = {path.read_text() for path in (tmp_path / "flannel").iterdir()}
    (shown,) = re.findall(r"bridge is told:\n\n```json\n(.*?)```", (PAGES / "flannel.md").read_text(), re.DOTALL)
    assert json.loads(told) == json.loads(shown)
    assert node.run("del", example["name"], container.path)[0] == 0
