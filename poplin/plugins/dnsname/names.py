"""The names of a container: what the runtime calls it (CNI_ARGS), and its aliases (runtimeConfig).

They become words of a line that dnsmasq reads, so nothing passes that is no host name. The container's own is left out
then, as its runtime has chosen it for other reasons and the container has to start; an alias somebody asked for, and
would look for it in vain, so that is an error.
"""

from __future__ import annotations

from poplin.spec.arguments import split_arguments
from poplin.spec.errors import CNIError, InvalidConfig
from poplin.spec.names import is_host_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.call import Call

NAME = "K8S_POD_NAME"
ALIASES = "runtimeConfig.aliases"
ITSELF = "localhost"  # RFC 6761: who asks for it, or for what is below it, means himself


def find_fault(text: str) -> str:
    """Why no container can be called so, empty if one can."""
    if not is_host_name(text):
        return "is no host name"
    return "is what each container calls itself" if text.lower().rpartition(".")[2] == ITSELF else ""


def find_complaint(call: Call) -> str:
    """Why the container is not known by what its runtime calls it, empty if it is, or has no name."""
    try:
        name = dict(split_arguments(call.env.args)).get(NAME, "")
    except CNIError as error:
        return str(error)
    fault = find_fault(name) if name else ""
    return f"{name!r} {fault}" if fault else ""


def find_name(call: Call) -> str:
    """What the runtime calls the container, empty if it does not say."""
    try:
        return dict(split_arguments(call.env.args)).get(NAME, "")
    except CNIError:
        return ""  # it is for the plugin that attaches to refuse them


def read_aliases(call: Call) -> list[str]:
    """Those on this network. Raises DecodingFailure, InvalidConfig."""
    networks = call.fields.fields("runtimeConfig").mapping("aliases")
    aliases = networks.get(call.config.name) or []
    if not isinstance(aliases, list) or not all(isinstance(each, str) for each in aliases):
        raise InvalidConfig(f"`{ALIASES}` is not what it can be", "a list of names for each network")
    for alias in aliases:
        fault = find_fault(alias)
        if fault:
            raise InvalidConfig(f"invalid alias in `{ALIASES}`", f"{alias!r} {fault}")
    return aliases


def join_names(name: str, aliases: list[str]) -> list[str]:
    """The container's own first, none twice, whatever its case."""
    found: dict[str, str] = {}
    for each in (name, *aliases):
        if not find_fault(each):
            found.setdefault(each.lower(), each)
    return list(found.values())
