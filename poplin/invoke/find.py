"""Find the executable of a plugin type on CNI_PATH."""

from __future__ import annotations

from poplin.linux.folder import is_regular_file
from poplin.spec.errors import InvalidConfig, InvalidEnvironment
from poplin.spec.names import check_plugin_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def find_plugin(plugin_type: str, paths: Sequence[str]) -> str:
    """The first regular file of that name in `paths`. Raises InvalidConfig or InvalidEnvironment.

    Whether it may be executed is not asked: a file that may not is a mistake worth an error of its own, and the
    next folder's file of the same name is not what the administrator meant.
    """
    check_plugin_type(plugin_type)
    folders = [path for path in paths if path]  # an empty entry would mean the working directory
    if not folders:
        raise InvalidEnvironment(
            f"nowhere to look for plugin {plugin_type!r}", "CNI_PATH is empty; set it to the folders with the plugins"
        )
    for folder in folders:
        candidate = f"{folder}/{plugin_type}"
        if is_regular_file(candidate):
            return candidate
    raise InvalidConfig(f"failed to find plugin {plugin_type!r}", f"it is in none of {', '.join(folders)}")
