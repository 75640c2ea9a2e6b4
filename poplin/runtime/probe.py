"""VERSION: which versions of the specification a plugin supports."""

from __future__ import annotations

from collections.abc import Mapping

from poplin.runtime.caller import Runtime
from poplin.spec.call import UNKNOWN_COMMAND
from poplin.spec.errors import CNIError, DecodingFailure
from poplin.spec.fields import Fields
from poplin.spec.jsontext import dumps, loads_object
from poplin.spec.versions import NEWEST, OLDEST

# Plugins of old demanded these of every verb.
DUMMIES = {"CNI_NETNS": "dummy", "CNI_IFNAME": "dummy", "CNI_PATH": "dummy", "CNI_CONTAINERID": "", "CNI_ARGS": ""}
BEFORE_VERSION_LISTS = ("0.1.0", "0.2.0")  # what a reply of 0.2.0 without a list stands for


def probe_versions(runtime: Runtime, path: str) -> list[str]:
    """Run the executable and read its list. Raises CNIError."""
    environ: Mapping[str, str] = {**runtime.parent_environ(), **DUMMIES, "CNI_COMMAND": "VERSION"}
    try:
        output = runtime.execute(path, dumps({"cniVersion": NEWEST}).encode(), environ, runtime.timeout)
    except CNIError as error:
        if str(error) == f"{UNKNOWN_COMMAND}VERSION":  # a plugin of 0.1.0, which did not have the verb
            return [OLDEST]
        raise
    return parse_versions(output)


def parse_versions(output: bytes) -> list[str]:
    """The list in a VERSION reply. Raises DecodingFailure."""
    fields = Fields(loads_object(output, "the plugin's VERSION reply"))
    version = fields.text("cniVersion")
    supported = fields.texts("supportedVersions")
    if not version:
        raise DecodingFailure("cannot decode the plugin's VERSION reply", "it has no cniVersion")
    if supported:
        return supported
    if version == BEFORE_VERSION_LISTS[-1]:
        return list(BEFORE_VERSION_LISTS)
    raise DecodingFailure("cannot decode the plugin's VERSION reply", f"version {version!r} without supportedVersions")
