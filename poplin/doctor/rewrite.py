"""Lines for a shell that change a network's file: by jq where it is there and the file is a list, else by an editor."""

from __future__ import annotations

import json
import shutil

from poplin.doctor.configured import Configured
from poplin.doctor.finding import command, edit, plain_path
from poplin.runtime.networks import LISTS

TOOL = "jq"


def rewrite(configured: Configured, expression: str) -> str:
    """The file as this filter of jq makes it."""
    file = plain_path(configured.file)
    if not file.endswith(LISTS) or not shutil.which(TOOL):
        return edit(file)
    new = f"{file}.new"
    return f"{command(TOOL, expression, file)} >{command(new)} && {command('mv', new, file)}"


def add_plugin(configured: Configured, plugin_type: str) -> str:
    """The line that puts one more plugin at the end of the chain."""
    return rewrite(configured, f'.plugins += [{{"type": "{plugin_type}"}}]')


def set_version(configured: Configured, version: str) -> str:
    """The line that sets the version of the whole list."""
    return rewrite(configured, f".cniVersion = {json.dumps(version)}")


def set_field(configured: Configured, key: str, value: str) -> str:
    """The line that sets a key of the first plugin to this value, written as JSON."""
    return rewrite(configured, f".plugins[0].{key} = {value}")


def remove_field(configured: Configured, plugin_type: str, key: str) -> str:
    """The line that takes a key out of the plugin of this type."""
    return rewrite(configured, f'del(.plugins[] | select(.type == "{plugin_type}") | .{key})')
