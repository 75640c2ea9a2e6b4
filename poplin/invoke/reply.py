"""The reply of a plugin to ADD, read with the same leniency towards old plugins as the reference has."""

from __future__ import annotations

from poplin.spec.convert import convert
from poplin.spec.jsontext import loads_object
from poplin.spec.result import parse_result
from poplin.spec.versions import OLDEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.result import OldResult, Result


def parse_reply(output: bytes, version: str) -> Result | OldResult:
    """The result in the config's `version`. Raises DecodingFailure for what is not one JSON object, or no result.

    A reply that does not name its version has the config's; one of another version is converted, as the next plugin
    of the chain would refuse it.
    """
    source = loads_object(output, "the plugin's result")
    wanted = version or OLDEST
    given = source.get("cniVersion")
    if not isinstance(given, str) or not given:
        source = {**source, "cniVersion": wanted}
    return convert(parse_result(source), wanted)
