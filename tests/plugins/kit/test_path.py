"""Paths in a configuration: what the kernel can be asked for."""

from __future__ import annotations

import pytest

from poplin.plugins.kit.path import read_path
from poplin.spec.errors import DecodingFailure, InvalidConfig
from poplin.spec.fields import Fields


def test_a_path_is_as_it_is_written() -> None:
    fields = Fields({"dataDir": "/run/my place/x", "other": ""})
    assert [read_path(fields, key) for key in ("datadir", "other", "none")] == ["/run/my place/x", "", ""]


@pytest.mark.parametrize("path", ["/a\0b", "/" + "a" * 4096, "/\udc80"])
def test_what_no_file_can_be_called_is_refused(path: str) -> None:
    with pytest.raises(InvalidConfig, match=r"`here\.dataDir` is not a path"):
        read_path(Fields({"dataDir": path}, "here"), "dataDir")


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(DecodingFailure, match="cannot decode `dataDir`"):
        read_path(Fields({"dataDir": 5}), "dataDir")
