"""The /etc/resolv.conf of a container on networks that say where names are looked up."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from poplin.cli.resolver import format_resolv_conf, resolv_conf
from poplin.runtime import OldResult, Result
from poplin.spec.result import DNS

HOST = "# of the host\nnameserver 192.0.2.53\nsearch host.example\n"


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ([DNS(["10.1.0.1"])], "nameserver 10.1.0.1\n"),
        (
            [DNS(["10.1.0.1"], "one", ["one", "a.b"], ["ndots:2"]), DNS(["10.2.0.1", "10.1.0.1"], "two")],
            "nameserver 10.1.0.1\nnameserver 10.2.0.1\nsearch one a.b two\noptions ndots:2\n",
        ),
        ([DNS(search=["a.b"])], "nameserver 192.0.2.53\nsearch a.b\n"),
        ([DNS(["10.1.0.1\noptions debug"])], "nameserver 10.1.0.1\nnameserver options\nnameserver debug\n"),
    ],
)
def test_it_has_what_all_results_say(settings: list[DNS], text: str) -> None:
    assert format_resolv_conf(settings, HOST) == text


def test_it_is_there_as_long_as_it_is_needed_and_everybody_may_read_it(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with resolv_conf(str(tmp_path), "c1", [None, OldResult("0.2.0", dns=DNS(["10.1.0.1"]))]) as path:
            assert path == str(tmp_path / "resolv" / "c1")
            assert Path(path).read_text() == "nameserver 10.1.0.1\n"
            assert stat.S_IMODE(os.stat(path).st_mode) == 0o644
    finally:
        os.umask(before)
    assert os.listdir(tmp_path / "resolv") == []


def test_results_without_a_word_need_none(tmp_path: Path) -> None:
    with resolv_conf(str(tmp_path), "c1", [None, Result()]) as path:
        assert path == ""
    assert os.listdir(tmp_path) == []
