"""`--publish`: ports of the container on the host, as the capability `portMappings` of the networks has them."""

from __future__ import annotations

from argparse import ArgumentTypeError

from poplin.spec.address import parse_ip

PROTOCOLS = ("tcp", "udp", "sctp")
SYNTAX = "[HOSTIP:]HOSTPORT:PORT[/PROTOCOL]"


def published_port(text: str) -> dict[str, object]:
    """`8080:80`, `127.0.0.1:8080:80/tcp`, `[::1]:5353:53/udp` as one of portMappings."""
    ports, _, protocol = text.partition("/")
    *address, host_port, container_port = ["", *ports.rsplit(":", 2)] if ports.count(":") else ["", "", ""]
    protocol = protocol or "tcp"
    if protocol not in PROTOCOLS:
        raise ArgumentTypeError(f"unknown protocol {protocol!r} in {text!r}; known are {', '.join(PROTOCOLS)}")
    entry: dict[str, object] = {
        "hostPort": port_number(host_port, text),
        "containerPort": port_number(container_port, text),
        "protocol": protocol,
    }
    host_ip = "".join(address).removeprefix("[").removesuffix("]")
    if not host_ip:
        return entry
    try:
        return {**entry, "hostIP": str(parse_ip(host_ip))}
    except ValueError as error:
        raise ArgumentTypeError(f"{error}, in {text!r}; write {SYNTAX}") from None


def port_number(text: str, where: str) -> int:
    """1 to 65535."""
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 1 << 16):
        raise ArgumentTypeError(f"{text!r} is no port, in {where!r}; write {SYNTAX}, ports from 1 to 65535")
    return int(text)
