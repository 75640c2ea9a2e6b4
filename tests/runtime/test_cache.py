"""Results on record."""

from __future__ import annotations

from pathlib import Path

import pytest

from poplin.runtime.attachment import Attachment
from poplin.runtime.cache import Cache
from poplin.spec.errors import CNIError, DecodingFailure, InvalidConfig, IOFailure, TryAgainLater
from poplin.spec.result import Result


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """An empty one."""
    return Cache(str(tmp_path / "cni"))


def remember(cache: Cache, container_id: str, network: str = "n", ifname: str = "eth0") -> Attachment:
    """Put an attachment on record."""
    attachment = Attachment(container_id, f"/run/netns/{container_id}", ifname, (("K", "V"),), {"mac": "x"})
    cache.write(network, attachment, b'{"name": "n"}', Result())
    return attachment


def test_what_was_written_is_found(cache: Cache) -> None:
    attachment = remember(cache, "c1")
    entry = cache.find_entry("n", "c1", "eth0")
    assert entry is not None
    assert (entry.network, entry.attachment, entry.config) == ("n", attachment, b'{"name": "n"}')
    assert entry.result == {"cniVersion": "1.1.0"}
    assert cache.find_result("n", attachment, "1.0.0") == Result("1.0.0")


@pytest.mark.facts("cni-spec", 145)
@pytest.mark.parametrize("names", [("", "c1", "eth0"), ("n", "", "eth0"), ("n", "c1", "")])
def test_a_record_needs_all_three_names(cache: Cache, names: tuple[str, str, str]) -> None:
    with pytest.raises(InvalidConfig) as caught:
        cache.find_entry(*names)
    assert caught.value.msg == "a cached result has a network, a container id and an interface name"
    network, container_id, ifname = names
    assert caught.value.details == (
        f"got network {network!r}, container id {container_id!r}, interface name {ifname!r}"
    )


@pytest.mark.facts("cni-spec", 146)
def test_a_missing_record_is_none_and_garbage_an_error(cache: Cache) -> None:
    assert cache.find_entry("n", "c1", "eth0") is None
    remember(cache, "c1")
    for content in ("garbage", '{"kind": "other"}', '{"kind": "cniCacheV1", "config": "!"}'):
        Path(cache.results, "n-c1-eth0").write_text(content)
        with pytest.raises(DecodingFailure):
            cache.find_entry("n", "c1", "eth0")


def test_an_empty_file_is_a_missing_record(cache: Cache) -> None:
    attachment = remember(cache, "c1")
    Path(cache.results, "n-c1-eth0").write_text("")
    assert cache.find_entry("n", "c1", "eth0") is None
    assert cache.find_result("n", attachment, "1.1.0") is None
    assert cache.list_entries() == []


@pytest.mark.parametrize("pairs", ['[["K"]]', '[["K", 1]]', '["KV"]', "[[1, 2]]"])
def test_arguments_on_record_are_pairs_of_strings(cache: Cache, pairs: str) -> None:
    remember(cache, "c1")
    Path(cache.results, "n-c1-eth0").write_text(f'{{"kind": "cniCacheV1", "cniArgs": {pairs}}}')
    with pytest.raises(DecodingFailure, match="cannot decode `cniArgs`"):
        cache.find_entry("n", "c1", "eth0")


@pytest.mark.facts("cni-spec", 147)
def test_attachments_are_listed_all_or_of_exactly_one_container(cache: Cache) -> None:
    for container_id in ("c1", "c1-2", "c2"):
        remember(cache, container_id)

    def listed(container_id: str) -> list[str]:
        return [entry.attachment.container_id for entry in cache.list_entries(container_id)]

    assert listed("") == ["c1-2", "c1", "c2"]  # by file name: n-c1-2-eth0, n-c1-eth0, n-c2-eth0
    assert listed("c1") == ["c1"]
    assert listed("c") == []


def test_files_that_are_no_records_are_passed_over(cache: Cache) -> None:
    remember(cache, "c1")
    content = Path(cache.results, "n-c1-eth0").read_text()
    Path(cache.results, "n-c1-eth0.0123456789ab.tmp").write_text(content)
    Path(cache.results, "garbage").write_text("garbage")
    Path(cache.results, "folder").mkdir()
    assert [entry.attachment.container_id for entry in cache.list_entries()] == ["c1"]


@pytest.mark.parametrize("names", [("../n", "c1", "eth0"), ("n", "../c1", "eth0"), ("n", "c1", "../eth0")])
def test_no_name_leads_out_of_the_folder(cache: Cache, names: tuple[str, str, str]) -> None:
    with pytest.raises(CNIError):
        cache.path(*names)


def test_an_interrupted_write_leaves_the_old_record(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    attachment = remember(cache, "c1")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("posix.replace", fail)
    with pytest.raises(IOFailure, match="No space left on device"):
        cache.write("n", attachment, b"new", Result())
    monkeypatch.undo()
    assert [path.name for path in Path(cache.results).iterdir()] == ["n-c1-eth0"]
    entry = cache.find_entry("n", "c1", "eth0")
    assert entry is not None
    assert entry.config == b'{"name": "n"}'


def test_removing_tolerates_absence(cache: Cache) -> None:
    attachment = remember(cache, "c1")
    cache.remove("n", attachment)
    cache.remove("n", attachment)
    assert list(Path(cache.results).iterdir()) == []


def test_the_folder_is_the_argument_or_the_environments_or_libcnis(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("POPLIN_CNI_DIR", raising=False)
    assert Cache().results == "/var/lib/cni/results"
    monkeypatch.setenv("POPLIN_CNI_DIR", str(tmp_path))
    assert Cache().results == f"{tmp_path}/results"
    assert Cache("/other").results == "/other/results"


def test_many_may_share_the_lock_and_only_one_have_it_alone(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("poplin.runtime.cache.LOCK_SECONDS", 0.05)
    shared = (cache.locked(shared=True), cache.locked(shared=True))
    with shared[0], shared[1], pytest.raises(TryAgainLater, match="another operation"), cache.locked(shared=False):
        pass
    with cache.locked(shared=False), pytest.raises(TryAgainLater), cache.locked(shared=True):
        pass
