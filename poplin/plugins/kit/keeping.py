"""Where a plugin keeps a file for each attachment: `dataDir`, or a folder that is its own."""

from __future__ import annotations

from poplin.linux.places import STATE, choose_place
from poplin.plugins.kit.path import read_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.files import Files
    from poplin.spec.call import Call

USERS = "cni"  # of an ordinary user, in his folder for state


def find_folder(call: Call, usual: str) -> str:
    """`usual`, unless the network says another. Raises DecodingFailure, InvalidConfig."""
    name = usual.rpartition("/")[2]
    return read_path(call.fields, "dataDir") or choose_place(usual, STATE, f"{USERS}/{name}", call.env.everything)


def list_files(files: Files, folder: str) -> list[str]:
    """The paths of what could be an attachment's there. Raises OSError."""
    paths = [f"{folder}/{name}" for name in files.names(folder)]
    return [path for path in paths if files.is_regular(path)]
