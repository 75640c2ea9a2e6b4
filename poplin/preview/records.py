"""What the runtime itself keeps: the results of ADD on record."""

from __future__ import annotations

import os

from poplin.preview.stage import Stage
from poplin.runtime.attachment import Attachment
from poplin.runtime.cache import LOCK, Entry
from poplin.spec.netlist import NetworkList
from poplin.spec.result import OldResult, Result, format_result


def note_record(stage: Stage, network: NetworkList, attachment: Attachment, result: Result | OldResult | None) -> None:
    """ADD writes one; the first one on a host makes its folder."""
    cache = stage.runtime.cache
    if not os.path.isdir(cache.results):
        stage.note_once(f"mkdir -p {cache.results}")
    if not os.path.exists(f"{cache.folder}/{LOCK}"):
        stage.note_once(f"write {cache.folder}/{LOCK}")
    entry = Entry(network.name, attachment, network.text, format_result(result) if result else {})
    stage.note(f"write {cache.path(network.name, *attachment.identity)}", entry.encode())


def forget_record(stage: Stage, network: NetworkList, attachment: Attachment) -> None:
    """DEL removes it."""
    path = stage.runtime.cache.path(network.name, *attachment.identity)
    if os.path.lexists(path):
        stage.note(f"remove {path}")
