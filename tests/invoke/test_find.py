"""Finding plugins on CNI_PATH."""

from __future__ import annotations

from pathlib import Path

import pytest

from poplin.invoke.execute import execute
from poplin.invoke.find import find_plugin
from poplin.spec.errors import CNIError, InvalidConfig, InvalidEnvironment, UnexplainedFailure


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    """Two folders; `bridge` is in the second."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "two" / "bridge").write_text("#!/bin/sh\n")
    return [str(tmp_path / "one"), str(tmp_path / "two")]


@pytest.mark.facts("cni-spec", 110)
def test_the_second_folder_is_searched_when_the_first_has_no_such_plugin(folders: list[str]) -> None:
    assert find_plugin("bridge", folders) == f"{folders[1]}/bridge"


def test_the_first_folder_wins(folders: list[str]) -> None:
    Path(folders[0], "bridge").write_text("")
    assert find_plugin("bridge", folders) == f"{folders[0]}/bridge"


@pytest.mark.facts("cni-spec", 111)
def test_each_way_not_to_find_a_plugin_has_its_own_error(folders: list[str]) -> None:
    cases: list[tuple[str, list[str], type[CNIError], str]] = [
        ("bridge", [], InvalidEnvironment, "nowhere to look for plugin 'bridge'"),
        ("", folders, InvalidConfig, "missing plugin type: the configuration has no `type`"),
        ("../x", folders, InvalidConfig, "invalid plugin type"),
        ("vlan", folders, InvalidConfig, "failed to find plugin 'vlan'"),
    ]
    for plugin_type, paths, error, message in cases:
        with pytest.raises(error) as caught:
            find_plugin(plugin_type, paths)
        assert caught.value.msg == message


def test_what_is_not_found_is_named_with_the_folders(folders: list[str]) -> None:
    with pytest.raises(InvalidConfig) as caught:
        find_plugin("vlan", folders)
    assert caught.value.details == f"it is in none of {folders[0]}, {folders[1]}"


def test_an_empty_entry_does_not_mean_the_working_directory(
    folders: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folders[1])
    with pytest.raises(InvalidEnvironment):
        find_plugin("bridge", ["", ""])


@pytest.mark.facts("cni-spec", 112)
def test_a_folder_is_no_plugin_and_a_file_without_execute_bit_is_one_that_cannot_run(folders: list[str]) -> None:
    Path(folders[0], "bridge").mkdir()
    found = find_plugin("bridge", folders)
    assert found == f"{folders[1]}/bridge"
    with pytest.raises(UnexplainedFailure) as caught:
        execute(found, b"", {})
    assert str(caught.value) == f"cannot execute plugin {found}; Permission denied"


def test_a_link_to_a_plugin_is_followed(folders: list[str]) -> None:
    Path(folders[0], "ptp").symlink_to(Path(folders[1], "bridge"))
    assert find_plugin("ptp", folders) == f"{folders[0]}/ptp"
