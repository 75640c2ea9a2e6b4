"""Another security context, on kernels that have none: the files that tell of it are made up."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from poplin.linux import selinux

LABEL = "system_u:system_r:container_t:s0"


@pytest.fixture
def label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a thread says which context it wants."""
    path = tmp_path / "current"
    path.touch()
    monkeypatch.setattr(selinux, "CURRENT", str(path))
    return path


def test_it_is_there_if_its_file_system_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selinux, "ENFORCE", str(tmp_path / "enforce"))
    assert not selinux.is_enabled()
    (tmp_path / "enforce").write_text("0")
    assert selinux.is_enabled()


def test_the_context_is_set_before_the_work_and_in_a_child(label: Path, tmp_path: Path) -> None:
    def work(name: str) -> None:
        (tmp_path / name).write_text(f"{os.getppid()} {label.read_text()}")

    selinux.run_as(LABEL, work, "done")
    assert (tmp_path / "done").read_text() == f"{os.getpid()} {LABEL}"


def test_without_the_context_there_is_no_work(label: Path, tmp_path: Path) -> None:
    label.unlink()
    with pytest.raises(FileNotFoundError) as caught:
        selinux.run_as(LABEL, (tmp_path / "done").touch)
    assert caught.value.filename == str(label)
    assert not (tmp_path / "done").exists()


@pytest.mark.parametrize("error", [OSError(16, "busy"), FileNotFoundError(2, "none", "/dev/net/tun")])
def test_an_error_comes_back(label: Path, error: OSError) -> None:
    def work() -> None:
        raise error

    with pytest.raises(OSError, match=os.strerror(error.errno or 0)) as caught:
        selinux.run_as(LABEL, work)
    assert (caught.value.errno, caught.value.filename) == (error.errno, error.filename)


def test_a_child_that_breaks_is_an_error(label: Path) -> None:
    def work() -> None:
        raise ValueError

    with pytest.raises(OSError, match="the child for context system_u:system_r:container_t:s0 ended with status"):
        selinux.run_as(LABEL, work)


def test_this_kernel_refuses_a_context_it_does_not_know(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Invalid argument") as caught:
        selinux.run_as("no such label", (tmp_path / "done").touch)
    assert caught.value.filename == "/proc/thread-self/attr/current"
    assert not (tmp_path / "done").exists()
