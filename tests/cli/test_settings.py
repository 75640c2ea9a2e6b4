"""What holds where the environment says nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from poplin.cli.manifest import Manifest
from poplin.cli.settings import absolute, derive_container_id, network_folder, plugin_paths


def test_plugins_are_looked_for_in_the_checkout_then_where_they_were_installed_then_in_the_usual_places(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CNI_PATH", raising=False)
    monkeypatch.setattr("poplin.cli.settings.code_folder", lambda: str(tmp_path))
    monkeypatch.setattr(
        "poplin.cli.settings.read_manifest",
        lambda _: Manifest({"/opt/poplin/bin/bridge": "", "/opt/cni/bin/bridge": ""}),
    )
    assert plugin_paths() == ("/opt/cni/bin", "/opt/poplin/bin", "/usr/lib/cni")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "bridge").touch()
    assert plugin_paths() == (f"{tmp_path}/bin", "/opt/cni/bin", "/opt/poplin/bin", "/usr/lib/cni")


def test_cni_path_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNI_PATH", "/a::/b")
    assert plugin_paths() == ("/a", "/b")


def test_networks_are_looked_for_in_the_usual_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NETCONFPATH", raising=False)
    assert network_folder() == "/etc/cni/net.d"


def test_a_path_is_made_absolute_without_looking_at_links(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc")
    monkeypatch.chdir(tmp_path)
    assert absolute("link/../ns") == f"{tmp_path}/ns"
    assert absolute("//run/netns/a/") == "/run/netns/a"


def test_the_container_id_is_cnitools() -> None:
    assert derive_container_id("/var/run/netns/cnitest") == "cnitool-20c433bb2b1d6ede56d6"
