"""Files in which something is remembered, on the machine and in memory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from poplin.linux.fake.files import FakeFiles
from poplin.linux.fake.shell import quote
from poplin.linux.files import Files
from poplin.linux.kernel import Kernel


@pytest.fixture(params=["machine", "memory"])
def files(request: pytest.FixtureRequest) -> Files:
    return Files() if request.param == "machine" else FakeFiles(lambda line: None)


def test_what_was_written_is_found_until_it_is_removed(files: Files, tmp_path: Path) -> None:
    path = f"{tmp_path}/a/b/record"
    assert (files.find(path), files.names(f"{tmp_path}/a/b")) == (None, [])
    files.create(path, b"told")
    files.create(f"{tmp_path}/a/b/other", b"")
    assert (files.find(path), files.names(f"{tmp_path}/a/b")) == (b"told", ["other", "record"])
    for _ in range(2):
        files.remove(path)
        assert (files.find(path), files.names(f"{tmp_path}/a/b")) == (None, ["other"])


def test_below_a_file_there_is_nothing(files: Files, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    path = f"{tmp_path}/file/record"
    assert (files.find(path), files.count_names(path), files.is_regular(path)) == (None, 0, False)
    files.take_away(path)
    assert (tmp_path / "file").read_bytes() == b"x"


def test_files_are_told_from_everything_else(files: Files, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("record")
    (tmp_path / "loop").symlink_to("loop")
    files.put(f"{tmp_path}/record", b"")
    (tmp_path / "there").write_bytes(b"")
    found = {name for name in files.names(str(tmp_path)) if files.is_regular(f"{tmp_path}/{name}")}
    assert found - {"link"} == {"record", "there"}
    files.remove(f"{tmp_path}/there")
    assert not files.is_regular(f"{tmp_path}/there")
    with pytest.raises(IsADirectoryError) as caught:
        files.find(f"{tmp_path}/folder")
    assert caught.value.filename == f"{tmp_path}/folder"


def test_nothing_is_written_over(files: Files, tmp_path: Path) -> None:
    path = f"{tmp_path}/record"
    files.create(path, b"first")
    with pytest.raises(FileExistsError, match="record"):
        files.create(path, b"second")
    assert files.find(path) == b"first"


def test_what_is_put_takes_the_place_of_what_was_there(files: Files, tmp_path: Path) -> None:
    path = f"{tmp_path}/a/record"
    for content in (b"first", b"second"):
        files.put(path, content)
        assert (files.find(path), files.names(f"{tmp_path}/a")) == (content, ["record"])
    for _ in range(2):
        files.take_away(path)
        assert (files.find(path), files.names(f"{tmp_path}/a")) == (None, [])


def test_what_a_put_that_was_killed_has_left_is_nobody_s(tmp_path: Path) -> None:
    path, beside = tmp_path / "record", tmp_path / "record.new"
    for act in (lambda: Files().put(str(path), b"whole"), lambda: Files().take_away(str(path))):
        beside.write_bytes(b"ha")
        act()
        assert not beside.exists()
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        Files().put(str(path), b"whole")
    assert not beside.exists()


def test_a_file_may_have_another_name(files: Files, tmp_path: Path) -> None:
    own, other, third = (f"{tmp_path}/{name}" for name in ("own", "other", "third"))
    assert (files.count_names(own), files.is_same(own, other), files.is_same(own, own)) == (0, False, False)
    files.put(own, b"told")
    files.link(own, other)
    files.put(third, b"told")
    files.link(own, third)
    assert (files.find(other), files.names(str(tmp_path))) == (b"told", ["other", "own", "third"])
    assert [files.count_names(each) for each in (own, other, third)] == [2, 2, 1]
    assert (files.is_same(own, other), files.is_same(other, own), files.is_same(own, third)) == (True, True, False)
    files.put(own, b"anew")
    assert (files.find(other), files.is_same(own, other), files.count_names(other)) == (b"told", False, 1)
    files.remove(other)
    assert (files.count_names(other), files.count_names(own)) == (0, 1)


def test_names_that_are_there_are_known_in_memory_until_something_changes(tmp_path: Path) -> None:
    log: list[str] = []
    own, other = f"{tmp_path}/own", f"{tmp_path}/o'ther"
    Files().put(own, b"told")
    Files().link(own, other)
    files = FakeFiles(log.append)
    assert (files.is_same(own, other), files.count_names(own)) == (True, 2)
    files.remove(other)
    files.link(own, other)
    assert (files.is_same(own, other), files.find(other)) == (True, b"told")
    assert log == [f"remove {other}", f"ln {own} {quote(other)}"]
    assert Files().is_same(own, other)


def test_others_cannot_read_them(tmp_path: Path) -> None:
    Files().create(f"{tmp_path}/a/record", b"")
    Files().put(f"{tmp_path}/b/record", b"")
    for folder in (tmp_path / "a", tmp_path / "b"):
        assert [path.stat().st_mode & 0o777 for path in (folder, folder / "record")] == [0o700, 0o600]


def test_in_memory_nothing_is_written_and_everything_told(tmp_path: Path) -> None:
    log: list[str] = []
    files = FakeFiles(log.append)
    (tmp_path / "old").write_bytes(b"there")
    for name in ("new", "more"):
        files.create(f"{tmp_path}/a/{name}", b"x")
    files.remove(f"{tmp_path}/old")
    files.remove(f"{tmp_path}/nowhere")
    files.create(f"{tmp_path}/old", b"again")
    folder = f"{tmp_path}/a"
    assert log == [
        f"mkdir -p {folder}",
        f"write {folder}/new",
        f"write {folder}/more",
        f"remove {tmp_path}/old",
        f"write {tmp_path}/old",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert ((tmp_path / "old").read_bytes(), files.find(f"{tmp_path}/old")) == (b"there", b"again")


def test_a_kernel_has_its_files(tmp_path: Path) -> None:
    kernel = Kernel()
    kernel.files.create(f"{tmp_path}/record", b"")
    assert kernel.files.names(str(tmp_path)) == ["record"]
