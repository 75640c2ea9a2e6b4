"""The call that the delegate gets: the attachment's environment, and the configuration that was written for it."""

from __future__ import annotations

from poplin.spec.call import Call, Config
from poplin.spec.errors import InvalidConfig
from poplin.spec.fields import Fields
from poplin.spec.jsontext import loads_object
from poplin.spec.netlist import inject

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.plugins.flannel.generate import Object
    from poplin.spec.result import Result

VERSION, PREVIOUS = "cniVersion", "prevResult"


def make_delegated(call: Call, source: Object) -> Call:
    """The same verb with another configuration. Raises DecodingFailure, InvalidConfig."""
    return Call(call.env, Config(source))


def recall(call: Call, content: bytes) -> Call:
    """What was written at ADD, with prevResult of this call if both are of the same version. Raises DecodingFailure,
    InvalidConfig."""
    told = read_told(call, content)
    delegated = make_delegated(call, told)
    if delegated.config.version == call.config.version and PREVIOUS in call.fields:
        return make_delegated(call, inject(told, {PREVIOUS: call.fields.mapping(PREVIOUS)}))
    return delegated


def recall_today(call: Call, content: bytes, result: Result) -> Call:
    """What was written at ADD, at the version of this call, with this result. Raises DecodingFailure, InvalidConfig."""
    now: Object = {VERSION: call.config.version, PREVIOUS: call.reply(result)}
    return make_delegated(call, inject(read_told(call, content), now))


def read_told(call: Call, content: bytes) -> Object:
    """The configuration. Raises DecodingFailure, or InvalidConfig for one that would have this plugin call itself."""
    told = loads_object(content, "what the delegate was told")
    if Fields(told).text("type") == call.config.type:
        raise InvalidConfig(
            f"what the delegate was told is for {call.config.type!r}, the plugin itself", "somebody wrote it"
        )
    return told
