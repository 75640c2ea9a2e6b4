"""What address plugins read alike: their section, the addresses somebody asks for, and how many a version has room for.

A runtime has three places for the addresses it wants: `runtimeConfig.ips`, `args.cni.ips`, and `IP` in CNI_ARGS.
"""

from __future__ import annotations

from poplin.spec.arguments import ANYBODYS, parse_arguments
from poplin.spec.errors import DecodingFailure, InvalidConfig
from poplin.spec.versions import FAMILIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    from poplin.spec.call import Call
    from poplin.spec.fields import Fields

    T = TypeVar("T")

FROM_ARGUMENTS, FROM_ARGS, FROM_RUNTIME = "IP in CNI_ARGS", "args.cni.ips", "runtimeConfig.ips"


def get_ipam(call: Call) -> Fields:
    """The plugin's section. Raises InvalidConfig."""
    if "ipam" not in call.fields:
        raise InvalidConfig("missing `ipam`", f"{call.config.type} needs an `ipam` section with the addresses to give")
    ipam = call.fields.fields("ipam")
    ipam.text("type")
    return ipam


def read_requested(call: Call) -> dict[str, list[str]]:
    """The addresses as written, by the name of the place. Raises CNIError."""
    argument = parse_arguments(call.env.args, ANYBODYS).get("IP", "")
    return {
        FROM_ARGUMENTS: [argument] if argument else [],
        FROM_ARGS: call.fields.fields("args").fields("cni").texts("ips"),
        FROM_RUNTIME: call.fields.fields("runtimeConfig").texts("ips"),
    }


def parse_requested(where: str, text: str, parse: Callable[[str], T]) -> T:
    """One of them. Raises DecodingFailure."""
    try:
        return parse(text)
    except ValueError as error:
        raise DecodingFailure(f"cannot decode {where}", str(error)) from None


def check_room(version: str, families: Sequence[int], what: str) -> None:
    """Raises InvalidConfig if there are more addresses than this version can answer with; `what` gives them."""
    if FAMILIES.get(version) == "A" and len(families) > len(set(families)):
        raise InvalidConfig(
            f"CNI version {version} has room for one address of each family",
            f"there are {families.count(4)} IPv4 and {families.count(6)} IPv6 {what}; use 0.3.0 or newer",
        )
