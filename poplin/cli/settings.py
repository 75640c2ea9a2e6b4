"""What the environment says, under the names cnitool gave it, and what holds where it says nothing."""

from __future__ import annotations

import argparse
import hashlib
import os
from pathlib import Path

from poplin.cli.manifest import LIB_DIR, STANDALONE, default_lib_dir, read_manifest
from poplin.cli.values import seconds
from poplin.invoke.entry import PLUGINS, code_folder
from poplin.linux.places import CONFIG, choose_place
from poplin.runtime.attachment import Attachment
from poplin.runtime.caller import Runtime
from poplin.runtime.networks import FOLDER
from poplin.spec.arguments import split_arguments
from poplin.spec.errors import DecodingFailure, InvalidEnvironment
from poplin.spec.jsontext import loads_object

USUAL_BIN_DIRS = ("/opt/cni/bin", "/usr/lib/cni")
USERS_FOLDER = "cni/net.d"  # networks of an ordinary user, in his folder for configuration
DEFAULT_IFNAME = "eth0"
DEFAULT_TIMEOUT = 120.0


def add_call_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of every verb that calls plugins."""
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=DEFAULT_TIMEOUT,
        metavar="SECONDS",
        help="of one plugin (default %(default)g)",
    )


def make_runtime(timeout: float | None = None) -> Runtime:
    """The runtime the environment describes."""
    return Runtime(plugin_paths(), timeout=timeout)


def make_attachment(netns: str, ifname: str | None = None, container_id: str = "") -> Attachment:
    """The attachment, its parameters from the environment. Raises CNIError."""
    path = absolute(netns)
    return Attachment(
        container_id or derive_container_id(path),
        path,
        ifname or os.environ.get("CNI_IFNAME") or DEFAULT_IFNAME,
        read_arguments(os.environ.get("CNI_ARGS", "")),
        read_capability_arguments(os.environ.get("CAP_ARGS", "")),
    )


def network_folder() -> str:
    """Where networks are configured: where NETCONFPATH says, else at the user's own place if he has one, else the
    system's, which everybody may read."""
    given = os.environ.get("NETCONFPATH")
    place = given or choose_place(FOLDER, CONFIG, USERS_FOLDER, os.environ)
    return place if given or os.path.isdir(place) else FOLDER


def plugin_paths() -> tuple[str, ...]:
    """CNI_PATH; if that is not set our own plugins, of this checkout or tree or installed, then the usual
    places."""
    given = os.environ.get("CNI_PATH", "")
    if given:
        return tuple(path for path in given.split(":") if path)
    code = Path(code_folder())
    beside = (code.parent if (code / STANDALONE).is_file() else code) / "bin"
    own = [str(beside)] if any((beside / name).is_file() for name in PLUGINS) else []
    installed = [folder for place in (default_lib_dir(), LIB_DIR) for folder in read_manifest(place).bin_dirs]
    return tuple(dict.fromkeys([*own, *installed, *USUAL_BIN_DIRS]))


def absolute(path: str) -> str:
    """The path without dots, symbolic links left alone, as they may be all that tells two containers apart."""
    return "/" + os.path.abspath(path).lstrip("/")


def derive_container_id(netns: str) -> str:
    """cnitool's rule, so that either can delete what the other added."""
    return "cnitool-" + hashlib.sha512(netns.encode(errors="surrogateescape")).hexdigest()[:20]


def read_arguments(text: str) -> tuple[tuple[str, str], ...]:
    """CNI_ARGS for a plugin; here neither key nor value may be empty. Raises InvalidEnvironment."""
    pairs = split_arguments(text)
    for key, value in pairs:
        if not key or not value:
            raise InvalidEnvironment("invalid CNI_ARGS", f"'{key}={value}' is not of the form KEY=VALUE")
    return tuple(pairs)


def read_capability_arguments(text: str) -> dict[str, object]:
    """CAP_ARGS, a JSON object. Raises InvalidEnvironment."""
    try:
        return loads_object(text, "CAP_ARGS") if text else {}
    except DecodingFailure as error:
        raise InvalidEnvironment("invalid CAP_ARGS", f"{text[:200]!r}: {error.details}") from None
