"""`poplin autogen` in this process, in a folder of the test's own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from autogen.replies import the_one_line
from autogen.streams import reading
from netlab import Reply

from poplin.cli.main import main

Autogen = Callable[..., Reply]


@pytest.fixture
def autogen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Autogen:
    """Runs the command in the empty folder `work`; `stdin` is what it reads there."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)

    def run(*arguments: object, stdin: bytes = b"") -> Reply:
        capfd.readouterr()
        with reading(stdin):
            status = main(["autogen", *map(str, arguments)], "poplin")
        said = capfd.readouterr()
        return Reply(status, said.out, said.err)

    return run


@pytest.fixture
def generate(autogen: Autogen, tmp_path: Path) -> Autogen:
    """Runs the command on an intent, by `--from-json`, and wants success: the reply's output is the file's text."""

    def run(intent: object, *arguments: object) -> Reply:
        source, target = tmp_path / "intent.json", tmp_path / "generated"
        source.write_text(intent if isinstance(intent, str) else json.dumps(intent))
        target.unlink(missing_ok=True)
        reply = autogen("--from-json", source, "--cni-conf-path", target, *arguments)
        assert (reply.status, reply.output) == (0, ""), reply.errors
        return Reply(reply.status, target.read_bytes().decode("ascii"), reply.errors)

    return run


@pytest.fixture
def refuse(autogen: Autogen, tmp_path: Path) -> Callable[..., str]:
    """Runs the command on an intent and wants it refused: exit 1, no file; the one line about it."""

    def run(intent: object, *arguments: object) -> str:
        source, target = tmp_path / "intent.json", tmp_path / "place" / "refused"
        source.write_bytes(intent if isinstance(intent, bytes) else json.dumps(intent).encode())
        target.parent.mkdir(exist_ok=True)
        reply = autogen("--from-json", source, "--cni-conf-path", target, *arguments)
        assert os.listdir(target.parent) == []
        return the_one_line(reply)

    return run
