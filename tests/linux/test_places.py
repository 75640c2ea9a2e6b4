"""Whose folder it is: the system's or the user's. That it comes to this for a user is in tests/rootless."""

from __future__ import annotations

from pathlib import Path

import pytest

from poplin.linux.places import CONFIG, DATA, STATE, choose_place, in_user_namespace, is_writable

OUTSIDE = "         0          0 4294967295\n"
INSIDE = "         0       1000          1\n         1     100000      65536\n"
HOME = {"HOME": "/home/ann"}


@pytest.fixture
def uid_map(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "uid_map"
    path.write_text(INSIDE)
    monkeypatch.setattr("poplin.linux.places.UID_MAP", str(path))
    return path


@pytest.fixture
def unwritable(monkeypatch: pytest.MonkeyPatch) -> str:
    """Root may write everywhere, so for once we say what the kernel would say to others."""
    monkeypatch.setattr("poplin.linux.places.is_writable", lambda folder: folder != "/var/lib/cni")
    return "/var/lib/cni"


@pytest.mark.parametrize(
    ("kind", "environ", "folder"),
    [
        (STATE, HOME, "/home/ann/.local/state/cni"),
        (CONFIG, HOME, "/home/ann/.config/cni"),
        (DATA, HOME, "/home/ann/.local/share/cni"),
        (STATE, {**HOME, "XDG_STATE_HOME": "/data"}, "/data/cni"),
        (CONFIG, {**HOME, "XDG_STATE_HOME": "/data"}, "/home/ann/.config/cni"),
        (STATE, {**HOME, "XDG_STATE_HOME": "data"}, "/home/ann/.local/state/cni"),
        (STATE, {"XDG_STATE_HOME": "/data"}, "/data/cni"),
        (STATE, {"HOME": "here"}, "/var/lib/cni"),
        (STATE, {}, "/var/lib/cni"),
    ],
)
def test_a_user_has_his_own(
    uid_map: Path, unwritable: str, kind: tuple[str, str], environ: dict[str, str], folder: str
) -> None:
    assert choose_place(unwritable, kind, "cni", environ) == folder


def test_what_may_be_written_is_used(uid_map: Path, tmp_path: Path, unwritable: str) -> None:
    assert choose_place(str(tmp_path), STATE, "cni", HOME) == str(tmp_path)


def test_outside_user_namespaces_it_is_the_systems(uid_map: Path, unwritable: str) -> None:
    uid_map.write_text(OUTSIDE)
    assert choose_place(unwritable, STATE, "cni", HOME) == "/var/lib/cni"


def test_a_kernel_without_user_namespaces_has_none(uid_map: Path) -> None:
    assert in_user_namespace()
    uid_map.unlink()
    assert not in_user_namespace()


def test_a_missing_folder_may_be_written_if_it_may_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def access(path: str, mode: int) -> bool:
        asked.append(path)
        return path == str(tmp_path)

    monkeypatch.setattr("poplin.linux.places.posix.access", access)
    assert is_writable(f"{tmp_path}/a/b")
    assert asked == [f"{tmp_path}/a/b", f"{tmp_path}/a", str(tmp_path), str(tmp_path)]
    assert not is_writable("/nowhere")
