"""A call of a plugin that is written in shell: read and checked here, and told as lines for `eval`.

    call=$(/usr/bin/python3 -IS -c 'import sys; POPLIN = "/usr/local/lib/poplin/current"
    sys.path.insert(0, __import__("posix").readlink(POPLIN))
    from poplin.kit import print_for_shell
    print_for_shell("fence", "fence: keeps a container from a destination", "to:prefix")')
    eval "$call"

So such a plugin needs no jq, and answers VERSION and everything that is wrong with a call as the others do. The lines
assign `plugin` (its type), `command`, `key` (network/containerid/ifname), `network`, `version`, `prev_result` (JSON,
empty if there is none), `addresses` (those of the interface, with prefix lengths), `valid` (for GC: a line `containerid
ifname` for each attachment) and for each key of the configuration `conf_KEY`, with `_` for what no name of a shell can
have; and they define `refuse CODE MSG [DETAILS]`. A plugin that ends with another status than 0 and has not said why,
as after a misspelt variable where `set -eu` is in force, is answered for with code 999.
"""

from __future__ import annotations

import sys

from poplin.plugins.kit.previous import list_inside
from poplin.plugins.kit.skel import Plugin, answer, environment, read_stdin
from poplin.spec.errors import CNIError
from poplin.spec.jsontext import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call
    from poplin.spec.fields import Fields

VERBS = ("ADD", "DEL", "CHECK", "STATUS", "GC")
TOLERANT = ("DEL", "GC")  # which go on whatever is wrong with the configuration
READERS: dict[str, Callable[[Fields, str], object]] = {
    "text": lambda fields, key: fields.text(key),
    "flag": lambda fields, key: "true" if fields.flag(key) else "",
    "number": lambda fields, key: fields.find_number(key),
    "prefix": lambda fields, key: fields.find_prefix(key),
    "ip": lambda fields, key: fields.find_ip(key),
    "json": lambda fields, key: dumps(fields.raw(key)) if key in fields else "",
}
REFUSE = r"""
trap '[ $? = 0 ] || refuse 999 "$plugin failed and did not say why" "this is a defect of it; stderr may tell more"' EXIT
refuse() {
    trap - EXIT
    set -- "$1" "$(printf %s "$2" | tr -d '\000-\037' | sed 's/[\\"]/\\&/g')" \
        "$(printf %s "${3:-}" | tr '\000-\037' ' ' | sed 's/[\\"]/\\&/g')"
    printf '{"cniVersion": "%s", "code": %s, "msg": "%s", "details": "%s"}\n' "$version" "$@"
    exit 1
}
"""


def print_for_shell(type: str, about: str, *keys: str) -> None:
    """Print this process' call for a plugin of this type, and `keys` of its configuration: `mtu:number`, after the
    colon text, flag, number, prefix, ip or json; empty if absent. Of a call that is refused, and of VERSION, print what
    ends the plugin with the answer."""
    told: list[dict[str, object]] = []

    def tell(call: Call, kernel: Kernel) -> dict[str, object]:
        told.append(list_variables(call, keys))
        return {}

    reply = answer(Plugin(type, about, dict.fromkeys(VERBS, tell)), environment(), read_stdin)
    if told:
        lines = [f"{name}={quote(value)}" for name, value in told[0].items()] + [REFUSE]
    else:
        lines = [f"printf %s {quote(reply.errors)} >&2", f"printf %s {quote(reply.output)}", f"exit {reply.status}"]
    sys.stdout.write("\n".join(lines))


def list_variables(call: Call, keys: tuple[str, ...]) -> dict[str, object]:
    """The variables of the shell. Raises CNIError."""
    variables: dict[str, object] = {
        "plugin": call.config.type,
        "command": call.env.command,
        "key": call.key,
        "network": call.config.name,
        "version": call.config.version,
        "prev_result": "",
        "addresses": "",
        "valid": "\n".join(f"{container} {ifname}" for container, ifname in sorted(call.valid_attachments())),
    }
    for key in ("prevResult", *keys):
        try:
            variables |= read_previous(call) if key == "prevResult" else read_key(call, key)
        except CNIError:
            if call.env.command not in TOLERANT:
                raise
    if call.is_strict and call.env.command not in TOLERANT:
        call.fields.reject_unknown()
    return {**{name_variable(key): "" for key in keys}, **variables}


def read_previous(call: Call) -> dict[str, object]:
    """What prevResult is good for, if there is one. Raises DecodingFailure."""
    result = call.find_prev_result()
    if result is None:
        return {}
    addresses = [str(item.address) for item in list_inside(result, call.ifname)]
    return {"prev_result": dumps(call.reply(result), 4), "addresses": " ".join(addresses)}


def read_key(call: Call, key: str) -> dict[str, object]:
    """One key of the configuration. Raises DecodingFailure."""
    name, _, kind = key.partition(":")
    value = READERS[kind or "text"](call.fields, name)
    return {name_variable(key): "" if value is None else value}


def name_variable(key: str) -> str:
    """The variable for a key: `conf_my_key` for `my-key:number`."""
    name = key.partition(":")[0]
    return "conf_" + "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name)


def quote(value: object) -> str:
    """As one word for a shell."""
    return "'" + str(value).replace("'", "'\\''") + "'"
