"""Where plugins keep a file for each attachment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from poplin.linux.fake.files import FakeFiles
from poplin.linux.files import Files
from poplin.plugins.kit.keeping import find_folder, list_files
from poplin.spec.call import Call, Config, Environment
from poplin.spec.errors import DecodingFailure, InvalidConfig


def call_with(**fields: object) -> Call:
    return Call(Environment({"CNI_COMMAND": "GC", "CNI_PATH": "/p"}), Config({"name": "mynet", **fields}))


def test_the_network_says_where_or_it_is_the_usual_place() -> None:
    assert find_folder(call_with(), "/run/cni/tuning") == "/run/cni/tuning"
    assert find_folder(call_with(dataDir="/x/y"), "/run/cni/tuning") == "/x/y"
    with pytest.raises(DecodingFailure):
        find_folder(call_with(dataDir=5), "/run/cni/tuning")
    with pytest.raises(InvalidConfig):
        find_folder(call_with(dataDir="a\0b"), "/run/cni/tuning")


@pytest.mark.parametrize("files", [Files(), FakeFiles(lambda line: None)], ids=["machine", "memory"])
def test_only_files_are_listed(files: Files, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("one", "two"):
        files.put(f"{tmp_path}/{name}", b"x")
    assert list_files(files, str(tmp_path)) == [f"{tmp_path}/one", f"{tmp_path}/two"]
    assert list_files(files, f"{tmp_path}/nowhere") == list_files(files, f"{tmp_path}/one/x") == []
