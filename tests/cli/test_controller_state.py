"""Where the controller keeps what it has, and where `poplin policy` finds the certificates for development."""

from __future__ import annotations

from pathlib import Path

import pytest

from poplin.cli.controller_state import state_folder

SYSTEM = "/var/lib/poplin/controller"


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    for name in ("POPLIN_STATE_DIR", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write everywhere, so for once we say what the kernel would say to others."""
    monkeypatch.setattr("poplin.cli.controller_state.is_writable", lambda folder: folder != SYSTEM)


def test_it_is_the_systems_for_who_may_write_there() -> None:
    assert state_folder() == Path(SYSTEM)


def test_it_is_the_users_own_for_others(stranger: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert state_folder() == Path("/home/ann/.local/state/poplin/controller")
    monkeypatch.setenv("XDG_STATE_HOME", "/data")
    assert state_folder() == Path("/data/poplin/controller")


def test_a_user_without_a_home_has_the_systems(stranger: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    assert state_folder() == Path(SYSTEM)


def test_what_the_environment_says_comes_first(stranger: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POPLIN_STATE_DIR", "/elsewhere")
    assert state_folder() == Path("/elsewhere/controller")
