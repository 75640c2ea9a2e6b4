"""What `poplin install` installed, on record beside it, so that `poplin uninstall` removes exactly that.

/usr/local/lib/poplin/manifest.json   {"version": 1, "plugins": {path: sha256}, "samples": {path: sha256},
                                       "folders": [path], "libraries": [path, newest first]}
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field

from poplin.linux.atomicfile import read_file, write_atomic
from poplin.linux.places import DATA, choose_place
from poplin.spec.errors import DecodingFailure
from poplin.spec.fields import Fields
from poplin.spec.jsontext import dumps, loads_object

LIB_DIR = "/usr/local/lib/poplin"
USERS_LIB_DIR = "poplin"  # of an ordinary user, in his folder for data
NAME = "manifest.json"
STANDALONE = "standalone"  # a file beside the code in a tree that `poplin install --standalone` made


@dataclass
class Manifest:
    """Files with their digests, folders that were made for them, and the folders with the code, newest first."""

    plugins: dict[str, str] = field(default_factory=dict)
    samples: dict[str, str] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    libraries: list[str] = field(default_factory=list)

    @property
    def bin_dirs(self) -> list[str]:
        """The folders with installed plugins."""
        return sorted({os.path.dirname(path) for path in self.plugins})


def default_lib_dir() -> str:
    """Where the code is installed if nobody says where."""
    return choose_place(LIB_DIR, DATA, USERS_LIB_DIR, os.environ)


def read_manifest(lib_dir: str) -> Manifest:
    """What is installed there; an empty one if nothing is. Raises DecodingFailure."""
    try:
        content = read_file(f"{lib_dir}/{NAME}")
    except OSError:  # not ours to read
        content = None
    if not content:
        return Manifest()
    fields = Fields(loads_object(content, f"{lib_dir}/{NAME}"))
    if fields.number("version") != 1:
        raise DecodingFailure(
            f"cannot read {lib_dir}/{NAME}", "it is of another version of poplin; uninstall with that"
        )
    return Manifest(
        {path: str(digest) for path, digest in fields.mapping("plugins").items()},
        {path: str(digest) for path, digest in fields.mapping("samples").items()},
        fields.texts("folders"),
        fields.texts("libraries"),
    )


def write_manifest(lib_dir: str, manifest: Manifest) -> None:
    """Raises OSError."""
    record: dict[str, object] = {
        "version": 1,
        "plugins": manifest.plugins,
        "samples": manifest.samples,
        "folders": manifest.folders,
        "libraries": manifest.libraries,
    }
    write_atomic(f"{lib_dir}/{NAME}", dumps(record, 2).encode() + b"\n", mode=0o644)


def digest(content: bytes) -> str:
    """What tells whether a file is still as it was installed."""
    return hashlib.sha256(content).hexdigest()
