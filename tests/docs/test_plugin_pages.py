"""The plugins' pages are what the schemas say, and the example of each is attached, checked and detached for real."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import pytest
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
    "bridge": ["10.22.0.2/16", "fd00:22::2/64"],
    "host-local": ["10.22.1.0/16", "fd00:22::2/64"],
    "portmap": ["10.22.0.2/16"],
    "ptp": ["10.22.0.2/16", "fd00:22::2/64"],
    "static": ["10.22.0.2/16", "fd00:22::2/64"],
}


def pages(*arguments: str) -> subprocess.CompletedProcess[str]:
    """scripts/pages."""
    command = [str(CHECKOUT / "scripts" / "pages"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def find_example(plugin: str) -> Any:
    """The configuration on the page."""
    (text,) = re.findall(r"<!-- begin example -->\n```json\n(.*?)```", (PAGES / f"{plugin}.md").read_text(), re.DOTALL)
    return json.loads(text)


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


@pytest.mark.parametrize("plugin", [plugin for plugin in PLUGINS if plugin != "loopback"])
def test_example_of_the_page_works(plugin, node):
    shutil.rmtree("/var/lib/cni/networks", ignore_errors=True)  # the laboratory's, where addresses go on from the last
    example = find_example(plugin)
    ending = "conflist" if "plugins" in example else "conf"
    (node.config_dir / f"05-example.{ending}").write_text(json.dumps(example))
    node.environ["CAP_ARGS"] = json.dumps({"portMappings": PORTS})
    assert node.run("validate", str(node.config_dir / f"05-example.{ending}"))[0] == 0
    container = node.host.add_container()
    for verb in ("add", "check"):
        status, output, errors = node.run(verb, example["name"], container.path)
        assert (status, errors) == (0, ""), output
    assert container.addresses("eth0") == ADDRESSES[plugin]
    assert bool(elements(node.host).get("ports4")) == (plugin == "portmap")
    status, output, errors = node.run("del", example["name"], container.path)
    assert (status, errors, container.links()) == (0, "", []), output
    assert node.host.links() in ([], ["cni0"])
    assert elements(node.host).get("ports4", []) == []


def test_example_of_loopback_works(node):
    example = find_example("loopback")
    (node.config_dir / "05-example.conf").write_text(json.dumps(example))
    container = node.host.add_container()
    for verb, flags in (("add", True), ("check", True), ("del", False)):
        status, output, errors = node.run(verb, example["name"], container.path)
        assert (status, errors) == (0, ""), output
        assert ("UP" in container.json("link show dev lo")[0]["flags"]) == flags
