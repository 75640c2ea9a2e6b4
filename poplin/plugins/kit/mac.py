"""The MAC that somebody wants the container's interface to have: a runtime, an operator, or the network itself."""

from __future__ import annotations

from poplin.linux.wire.link import parse_mac
from poplin.spec.arguments import ANYBODYS, parse_arguments
from poplin.spec.errors import InvalidConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.call import Call


RUNTIME, OPERATOR = "runtimeConfig.mac", "args.cni.mac"


def find_mac(call: Call, of_network: str = "", *, first: str = RUNTIME) -> bytes:
    """runtimeConfig before args.cni before CNI_ARGS before `of_network`, which is `mac` of a plugin that has this
    field; empty if nobody wants one. In tuning args.cni comes `first`. Raises InvalidConfig."""
    sources = {
        RUNTIME: call.fields.fields("runtimeConfig").text("mac"),
        OPERATOR: call.fields.fields("args").fields("cni").text("mac"),
        "MAC in CNI_ARGS": parse_arguments(call.env.args, ANYBODYS).get("MAC", ""),
        "mac": of_network,
    }
    for source, text in ((first, sources[first]), *sources.items()):
        if text:
            return parse_unicast_mac(text, source)
    return b""


def parse_unicast_mac(text: str, source: str) -> bytes:
    """A MAC address that one interface can have. Raises InvalidConfig."""
    try:
        octets = parse_mac(text)
    except ValueError as error:
        raise InvalidConfig(f"invalid {source}", str(error)) from None
    if octets[0] & 1 or not any(octets):
        raise InvalidConfig(f"invalid {source}", f"{text!r} is a group or an empty address; an interface needs its own")
    return octets
