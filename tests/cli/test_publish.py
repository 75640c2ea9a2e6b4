"""`poplin run --publish`."""

from __future__ import annotations

import argparse
import json
from typing import Any

import pytest
from node import Node
from traffic import add_outside, call, is_silent

from poplin.cli.publish import published_port

SERVER = """\
import socket
server = socket.create_server(("", 80))
print("ready", flush=True)
server.accept()[0].sendall(b"hello")
"""


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("8080:80", {"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}),
        ("5353:53/udp", {"hostPort": 5353, "containerPort": 53, "protocol": "udp"}),
        ("192.0.2.1:1:2/sctp", {"hostPort": 1, "containerPort": 2, "protocol": "sctp", "hostIP": "192.0.2.1"}),
        ("[2001:db8::1]:1:2", {"hostPort": 1, "containerPort": 2, "protocol": "tcp", "hostIP": "2001:db8::1"}),
    ],
)
def test_what_a_published_port_may_be(text: str, entry: dict[str, Any]) -> None:
    assert published_port(text) == entry


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("80", "'' is no port, in '80'"),
        ("0:80", "'0' is no port"),
        ("70000:80", "'70000' is no port"),
        ("x:80", "'x' is no port"),
        ("8080:80/icmp", "unknown protocol 'icmp'"),
        ("nowhere:8080:80", "'nowhere' is not an IP address"),
    ],
)
def test_what_it_may_not_be(text: str, words: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as caught:
        published_port(text)
    assert words in str(caught.value)


def publishing(node: Node) -> None:
    """Make mynet a chain that publishes ports."""
    plain = node.config_dir / "10-mynet.conf"
    conf = json.loads(plain.read_text())
    plugins = [{key: conf[key] for key in conf if key not in ("name", "cniVersion")}]
    plugins.append({"type": "portmap", "capabilities": {"portMappings": True}})
    chain = {"cniVersion": "1.1.0", "name": "mynet", "plugins": plugins}
    (node.config_dir / "10-mynet.conflist").write_text(json.dumps(chain))


def test_a_published_port_leads_to_the_command_until_it_ends(node: Node) -> None:
    publishing(node)
    outside = add_outside(node.host)
    arguments = (
        "run",
        "--publish",
        "8080:80",
        "-p",
        "127.0.0.1:5353:53/udp",
        "mynet",
        "--",
        "/usr/bin/python3",
        "-c",
        SERVER,
    )
    with node.start(*arguments) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert call(outside, "192.0.2.1", 8080) == "hello"
        assert process.wait(30) == 0
    assert is_silent(outside, "192.0.2.1", 8080)
    assert "elements" not in node.host.sh("nft list map inet poplin ports4")


def test_a_network_without_the_capability_is_refused_with_what_to_add(node: Node) -> None:
    status, output, errors = node.run("run", "--publish", "8080:80", "mynet", "--", "echo", "never")
    assert (status, output) == (1, "")
    assert "none of 'mynet' has the capability portMappings" in errors
    assert '{"type": "portmap", "capabilities": {"portMappings": true}}' in errors
    assert node.host.links() == []


def test_a_port_that_cannot_be_is_a_mistake_of_usage(node: Node) -> None:
    status, output, errors = node.run("run", "--publish", "80", "mynet", "--", "echo", "never")
    assert (status, output) == (2, "")
    assert "[HOSTIP:]HOSTPORT:PORT[/PROTOCOL]" in errors


def test_a_port_of_two_networks_leads_through_the_first_and_is_missing_in_neither(node: Node) -> None:
    publishing(node)
    mynet = (node.config_dir / "10-mynet.conflist").read_text()
    other = mynet.replace('"mynet"', '"other"').replace('"cni0"', '"cni1"').replace("10.22.0.0", "10.23.0.0")
    (node.config_dir / "20-other.conflist").write_text(other)
    blue = node.host.add_container()
    assert node.run("add", "mynet", "other", blue.path, "--publish", "8080:80")[0] == 0
    assert node.host.sh("nft list map inet poplin ports4").count("8080") == 1
    seen = json.loads(node.run("list", "--json")[1])["attachments"]
    assert [(each["ports"][0]["present"], each["drift"]) for each in seen] == [(True, []), (True, [])]
    node.host.sh("nft flush map inet poplin ports4")
    seen = json.loads(node.run("list", "--json")[1])["attachments"]
    assert [each["ports"][0]["present"] for each in seen] == [False, False]
