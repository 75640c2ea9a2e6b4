"""Networks on disk: order, precedence, drop-ins, and files that do not parse."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from poplin.runtime.networks import NetworkNotFound, NoConfigs, load, load_all
from poplin.spec.errors import CNIError, DecodingFailure, InvalidConfig


def write(path: Path, **keys: Any) -> None:
    """A file of the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(keys))


def write_list(path: Path, name: str, *types: str, **keys: Any) -> None:
    """A configuration list."""
    plugins = {"plugins": [{"type": each} for each in types]} if types else {}
    write(path, name=name, cniVersion="1.1.0", **plugins, **keys)


def types(folder: Path, name: str = "n") -> list[str]:
    """The plugins of a network."""
    return [plugin.type for plugin in load(name, str(folder)).plugins]


@pytest.mark.facts("cni-spec", 80)
def test_a_list_wins_over_a_single_plugin_of_the_same_name(tmp_path: Path) -> None:
    write(tmp_path / "10-n.conf", name="n", type="single")
    write_list(tmp_path / "20-n.conflist", "n", "listed", "second")
    assert types(tmp_path) == ["listed", "second"]
    (tmp_path / "20-n.conflist").unlink()
    assert types(tmp_path) == ["single"]


@pytest.mark.facts("cni-spec", 81)
def test_a_json_file_is_a_single_plugin(tmp_path: Path) -> None:
    write(tmp_path / "n.json", name="n", type="noop")
    assert types(tmp_path) == ["noop"]


@pytest.mark.facts("cni-spec", 82)
def test_no_configurations_and_no_such_network_are_two_errors(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(NoConfigs) as nothing:
            load("n", str(folder))
        assert nothing.value.msg == f"no network configurations found in {folder}"
    write(tmp_path / "m.conf", name="m", type="noop")
    with pytest.raises(NetworkNotFound) as other:
        load("n", str(tmp_path))
    assert other.value.msg == f"no network 'n' in {tmp_path}"


@pytest.mark.facts("cni-spec", 83)
def test_a_malformed_list_stops_the_search_for_every_network(tmp_path: Path) -> None:
    (tmp_path / "00-bad.conflist").write_text("{")
    write_list(tmp_path / "10-n.conflist", "n", "noop")
    with pytest.raises(DecodingFailure) as caught:
        load("n", str(tmp_path))
    assert caught.value.__notes__ == [f"network configuration {tmp_path}/00-bad.conflist"]


@pytest.mark.facts("cni-spec", 84)
def test_a_malformed_single_plugin_does_not_keep_a_list_from_being_found(tmp_path: Path) -> None:
    (tmp_path / "00-bad.conf").write_text("{")
    write_list(tmp_path / "10-n.conflist", "n", "noop")
    assert types(tmp_path) == ["noop"]
    with pytest.raises(DecodingFailure):
        load("other", str(tmp_path))


@pytest.mark.facts("cni-spec", 85)
def test_subfolders_are_not_searched(tmp_path: Path) -> None:
    write(tmp_path / "m.conf", name="m", type="noop")
    write(tmp_path / "sub" / "n.conf", name="n", type="noop")
    (tmp_path / "folder.conflist").mkdir()
    with pytest.raises(NetworkNotFound):
        load("n", str(tmp_path))


@pytest.mark.facts("cni-spec", 86)
def test_of_two_files_with_one_name_the_lexically_first_wins(tmp_path: Path) -> None:
    write_list(tmp_path / "20.conflist", "n", "later")
    write_list(tmp_path / "10.conflist", "n", "first")
    assert types(tmp_path) == ["first"]


@pytest.mark.facts("cni-spec", 87)
def test_other_endings_are_ignored(tmp_path: Path) -> None:
    for name in ("x.conf.bak", "x.CONF"):
        write(tmp_path / name, name="n", type="noop")
    with pytest.raises(NoConfigs):
        load("n", str(tmp_path))


# Drop-ins.


@pytest.mark.facts("cni-spec", 89)
@pytest.mark.parametrize("inlined_only", [True, False])
def test_a_network_without_any_plugin_is_an_error(tmp_path: Path, inlined_only: bool) -> None:
    write_list(tmp_path / "n.conflist", "n", loadOnlyInlinedPlugins=inlined_only)
    with pytest.raises(InvalidConfig, match="network 'n' has no plugins"):
        load("n", str(tmp_path))


@pytest.mark.facts("cni-spec", 90)
@pytest.mark.parametrize("keys", [{}, {"loadOnlyInlinedPlugins": False}])
def test_plugins_may_all_be_dropped_in(tmp_path: Path, keys: dict[str, Any]) -> None:
    write_list(tmp_path / "n.conflist", "n", **keys)
    write(tmp_path / "n" / "10.conf", type="dropped")
    assert types(tmp_path) == ["dropped"]


@pytest.mark.facts("cni-spec", 91)
def test_drop_ins_follow_the_inlined_plugins_by_file_name(tmp_path: Path) -> None:
    write_list(tmp_path / "n.conflist", "n", "inlined")
    for name, plugin in (("20-y.conf", "y"), ("10-x.conf", "x"), ("05-w.json", "w"), ("sub/30-z.conf", "z")):
        write(tmp_path / "n" / name, type=plugin)
    network = load("n", str(tmp_path))
    assert [plugin.type for plugin in network.plugins] == ["inlined", "x", "y"]
    assert network.text == (tmp_path / "n.conflist").read_bytes()


@pytest.mark.facts("cni-spec", 92)
def test_drop_ins_can_be_forbidden(tmp_path: Path) -> None:
    write_list(tmp_path / "n.conflist", "n", "inlined", loadOnlyInlinedPlugins=True)
    write(tmp_path / "n" / "10-x.conf", type="x")
    assert types(tmp_path) == ["inlined"]


@pytest.mark.facts("cni-spec", 93)
def test_an_empty_drop_in_folder_adds_nothing_and_a_bad_file_in_it_is_an_error(tmp_path: Path) -> None:
    write_list(tmp_path / "n.conflist", "n", "inlined")
    (tmp_path / "n").mkdir()
    assert types(tmp_path) == ["inlined"]
    write(tmp_path / "n" / "10-x.conf", name="no type")
    with pytest.raises(InvalidConfig, match="missing plugin type"):
        load("n", str(tmp_path))


def test_a_name_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    write_list(tmp_path / "net.d" / "n.conflist", "../x", "inlined")
    write(tmp_path / "x" / "10.conf", type="outside")
    with pytest.raises(InvalidConfig, match="invalid characters in network name"):
        load("../x", str(tmp_path / "net.d"))


# What the documentation's examples need.


def test_a_nameless_single_plugin_is_called_after_its_file(tmp_path: Path) -> None:
    write(tmp_path / "99-loopback.conf", type="loopback")
    assert types(tmp_path, "99-loopback") == ["loopback"]


def test_all_networks_come_in_the_order_of_their_files_each_name_once(tmp_path: Path) -> None:
    write(tmp_path / "30-c.json", name="c", type="noop")
    write_list(tmp_path / "20-b.conflist", "b", "noop")
    write(tmp_path / "10-a.conf", name="a", type="noop")
    write(tmp_path / "00-b.conf", name="b", type="hidden behind the list")
    assert [network.name for network in load_all(str(tmp_path))] == ["a", "b", "c"]
    assert load_all(str(tmp_path / "missing")) == []


def test_a_file_that_does_not_parse_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.conf").write_text("{")
    with pytest.raises(CNIError) as caught:
        load_all(str(tmp_path))
    assert caught.value.__notes__ == [f"network configuration {tmp_path}/bad.conf"]


def test_what_would_wait_for_a_writer_is_no_configuration(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "00-pipe.conflist")
    with pytest.raises(NoConfigs):
        load("n", str(tmp_path))
