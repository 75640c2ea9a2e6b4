"""Folders without the os module."""

from __future__ import annotations

from pathlib import Path

import pytest

from poplin.linux.folder import ensure_folder, find_obstacle, is_folder, parent_of


@pytest.mark.parametrize(
    ("path", "want"),
    [("/a/b", "/a"), ("/a/b/", "/a"), ("/a//b", "/a/"), ("/a", "/"), ("a/b", "a"), ("a", "."), (".", ".")],
)
def test_every_path_has_a_parent(path: str, want: str) -> None:
    assert parent_of(path) == want


@pytest.mark.parametrize("below", ["a", "a/b/c", "a//b/", "/".join("x" * 300)])
def test_a_folder_is_made_with_all_above_it(tmp_path: Path, below: str) -> None:
    for _ in range(2):
        ensure_folder(f"{tmp_path}/{below}", 0o755)
        assert is_folder(f"{tmp_path}/{below}")


def test_a_relative_folder_is_made_where_we_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ensure_folder("a/b", 0o755)
    assert (tmp_path / "a" / "b").is_dir()


def test_what_cannot_be_made_is_an_os_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "none" / "none")
    with pytest.raises(NotADirectoryError):
        ensure_folder(f"{tmp_path}/file/b", 0o755)
    with pytest.raises(FileNotFoundError):
        ensure_folder(f"{tmp_path}/dangling/b", 0o755)
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(FileNotFoundError):
        ensure_folder("a/b", 0o755)


def test_an_obstacle_is_the_first_thing_above_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "none")
    assert find_obstacle(f"{tmp_path}/a/b/c") == ""
    assert find_obstacle(f"{tmp_path}/file/b/c") == f"{tmp_path}/file is not a folder"
    assert find_obstacle(f"{tmp_path}/dangling/b") == f"{tmp_path}/dangling is not a folder"
