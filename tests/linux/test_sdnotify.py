"""What a daemon tells systemd."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path

import pytest

from poplin.linux.sdnotify import notify

PATIENCE = 60.0  # seconds


def hear(bound: str, named: str) -> bytes:
    """What comes to a socket of this address when it is named so in the environment."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.settimeout(PATIENCE)
        told.bind(bound)
        notify("READY=1", {"NOTIFY_SOCKET": named})
        return told.recv(100)


def test_it_is_told_at_a_path(tmp_path: Path) -> None:
    assert hear(str(tmp_path / "told"), str(tmp_path / "told")) == b"READY=1"


def test_it_is_told_at_an_abstract_name() -> None:
    name = f"poplin-{secrets.token_hex(8)}"
    assert hear(f"\0{name}", f"@{name}") == b"READY=1"


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}])
def test_without_systemd_nobody_is_told(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "socket")
    notify("READY=1", environ)
