"""The lease folder with its index: right whatever others do, and whenever one of us is killed."""

from __future__ import annotations

import os
import posix
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from poplin.linux.boot import Boot, read_boot
from poplin.linux.lockfile import LockFile
from poplin.plugins.host_local.index import Entry, Index, format_entry, parse_entry
from poplin.plugins.host_local.leases import Owner, is_address, parse_lease
from poplin.plugins.host_local.store import Store
from poplin.spec.address import IP, parse_ip
from poplin.spec.errors import TryAgainLater

NET = "mynet"
MINUTE = 60 * 10**9
BOOT = Boot("first", 0)
A, B, C = ("a", "eth0"), ("b", "eth0"), ("c", "eth0")


class Leases:
    """A data folder."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.folder = data_dir / NET
        self.folder.mkdir()

    def open(self, boot: Boot = BOOT, seconds: float = 5) -> Store:
        return Store(str(self.data_dir), NET, boot, seconds)

    def add(self, owner: Owner, *ips: str, boot: Boot = BOOT) -> None:
        with self.open(boot) as store:
            for number, ip in enumerate(ips):
                assert store.reserve(owner, number, parse_ip(ip))

    def remove(self, owner: Owner, boot: Boot = BOOT) -> None:
        with self.open(boot) as store:
            store.release(owner)

    def held(self, owner: Owner, boot: Boot = BOOT) -> list[str]:
        with self.open(boot) as store:
            return sorted(store.find_held(owner))

    def write(self, ip: str, owner: Owner, age: int = 0) -> Path:
        """A lease as another program writes it, `age` nanoseconds after 1970 if given."""
        path = self.folder / ip
        path.write_bytes("\r\n".join(filter(None, owner)).encode())
        if age:
            os.utime(path, ns=(age, age))
        return path

    def names(self) -> list[str]:
        """The leased addresses, in no order but a stable one."""
        return sorted(path.name for path in self.folder.iterdir() if is_address(path.name))

    def check(self, boot: Boot = BOOT) -> None:
        """The index says what the files say."""
        with self.open(boot) as store:
            entries = {entry.owner: entry.leases for entry in store.entries()}
        files: dict[Owner | None, dict[str, int]] = {}
        for name in self.names():
            path = self.folder / name
            files.setdefault(parse_lease(path.read_bytes()), {})[name] = path.stat().st_mtime_ns
        assert entries == files


@pytest.fixture
def leases(tmp_path: Path) -> Leases:
    return Leases(tmp_path)


def test_files_are_the_references(leases: Leases) -> None:
    os.umask(old := os.umask(0o022))
    leases.add(A, "10.0.0.2", "fd00::2")
    files = {path.name: path.read_bytes() for path in leases.folder.iterdir()}
    assert files == {
        "10.0.0.2": b"a\r\neth0",
        "fd00::2": b"a\r\neth0",
        "last_reserved_ip.0": b"10.0.0.2",
        "last_reserved_ip.1": b"fd00::2",
        "lock": b"",
    }
    assert (leases.folder / "10.0.0.2").stat().st_mode & 0o777 == 0o600
    assert (leases.folder / "lock").stat().st_mode & 0o777 == 0o750 & ~old


def test_the_pointer_can_become_shorter(leases: Leases) -> None:
    leases.add(A, "10.0.0.100")
    leases.add(B, "10.0.0.9")
    with leases.open() as store:
        assert store.find_last(0) == parse_ip("10.0.0.9")
        assert store.find_last(1) is None


# Cost.


def test_with_many_leases_none_but_our_own_is_opened(leases: Leases, opened: list[str]) -> None:
    for number in range(1000):
        leases.write(f"10.0.{number // 200 + 1}.{number % 200}", (f"other{number}", "eth0"))
    leases.add(A, "10.0.0.2")
    opened.clear()
    leases.add(B, "10.0.0.3")
    leases.held(B)
    leases.remove(A)
    leases.remove(("nobody", "eth0"))
    inside = {path.removeprefix(f"{leases.folder}/") for path in opened if path.startswith(f"{leases.folder}/")}
    assert inside == {"lock", "10.0.0.3", "last_reserved_ip.0"}
    assert len(opened) < 40
    leases.check()


def test_what_changes_nothing_leaves_the_index_trusted(leases: Leases, opened: list[str]) -> None:
    leases.add(A, "10.0.0.2")
    leases.remove(("nobody", "eth0"))
    with leases.open() as store:
        assert not store.reserve(B, 0, parse_ip("10.0.0.2"))
    opened.clear()
    assert leases.held(A) == ["10.0.0.2"]
    assert f"{leases.folder}/10.0.0.2" not in opened


# Others.


def test_what_others_add_and_remove_is_noticed(leases: Leases) -> None:
    leases.add(A, "10.0.0.2")
    leases.write("10.0.0.3", B)
    assert leases.held(B) == ["10.0.0.3"]
    (leases.folder / "10.0.0.2").unlink()
    assert leases.held(A) == []
    (leases.folder / "10.0.0.3").unlink()
    leases.write("10.0.0.3", C)
    assert (leases.held(B), leases.held(C)) == ([], ["10.0.0.3"])
    leases.check()


def test_a_file_system_with_coarse_times_is_never_trusted(leases: Leases, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.utime
    coarse = 10**9
    monkeypatch.setattr(
        posix, "utime", lambda path, ns: real(path, ns=(ns[0] // coarse * coarse, ns[1] // coarse * coarse))
    )
    leases.add(A, "10.0.0.2")
    stamp = leases.folder.stat().st_mtime_ns
    leases.write("10.0.0.3", B)
    real(leases.folder, ns=(stamp, stamp))  # the other change fell into the same tick
    assert leases.held(B) == ["10.0.0.3"]
    leases.check()


def test_the_seal_is_never_a_time_the_kernel_will_give(leases: Leases) -> None:
    before = time.time_ns()
    leases.add(A, "10.0.0.2")
    stamp = leases.folder.stat().st_mtime_ns
    assert stamp < before
    assert stamp % 2 == 1
    leases.add(B, "10.0.0.3")
    assert leases.folder.stat().st_mtime_ns != stamp


def test_a_lost_or_foreign_index_is_built_again(leases: Leases) -> None:
    leases.add(A, "10.0.0.2", "fd00::2")
    index = leases.data_dir / ".poplin" / NET
    for path in index.iterdir():
        path.unlink()
    assert leases.held(A) == ["10.0.0.2", "fd00::2"]
    for path in index.iterdir():
        path.write_text("0 other 1\n")
    assert leases.held(A) == ["10.0.0.2", "fd00::2"]
    leases.check()


def test_files_that_are_no_leases_are_left_alone(leases: Leases) -> None:
    (leases.folder / "README").write_text("")
    (leases.folder / "10.0.0.9").mkdir()
    leases.add(A, "10.0.0.2")
    with leases.open() as store:
        assert not store.reserve(B, 0, parse_ip("10.0.0.9"))
        assert store.taken() == {"10.0.0.2", "10.0.0.9"}
    leases.remove(A)
    assert (leases.folder / "10.0.0.9").is_dir()
    assert (leases.folder / "README").read_text() == ""


# Half-written and old leases.


@pytest.mark.parametrize("content", [b"", b"\r\n", b"a\r\neth0\r\nmore", b"a\0\0\0", b"a\r\nno/name", b"\xff\xfe"])
def test_a_half_written_lease_is_removed(leases: Leases, content: bytes) -> None:
    (leases.folder / "10.0.0.2").write_bytes(content)
    leases.add(A, "10.0.0.2")
    assert leases.held(A) == ["10.0.0.2"]
    assert (leases.folder / "10.0.0.2").read_bytes() == b"a\r\neth0"


def test_a_lease_with_the_container_only_is_a_whole_one(leases: Leases) -> None:
    leases.write("10.0.0.2", ("a", ""))
    leases.write("10.0.0.3", B)
    assert leases.held(A) == ["10.0.0.2"]
    leases.remove(("a", "eth7"))
    assert leases.names() == ["10.0.0.3"]


def test_an_exact_lease_goes_before_one_with_the_container_only(leases: Leases) -> None:
    leases.write("10.0.0.2", ("a", ""))
    leases.write("10.0.0.3", A)
    assert leases.held(A) == ["10.0.0.2", "10.0.0.3"]
    leases.remove(A)
    assert leases.names() == ["10.0.0.2"]


@pytest.mark.parametrize(
    ("content", "owner"),
    [
        (b"a\r\neth0", ("a", "eth0")),
        (b" a\neth0\n", ("a", "eth0")),
        (b"a", ("a", "")),
        (b"a\r\n", ("a", "")),
        ("a\r\nähm".encode(), ("a", "ähm")),
        (b"a\r\neth\x1c0\x1f", ("a", "eth\x1c0\x1f")),
        (b"a\r\neth\xff", None),
        (b"-a\r\neth0", None),
        (b"a\r\n0123456789abcdef", None),
    ],
)
def test_leases_are_read_as_the_reference_and_people_write_them(content: bytes, owner: Owner | None) -> None:
    assert parse_lease(content) == owner


def test_a_container_id_may_be_longer_than_a_file_name(leases: Leases) -> None:
    owner = ("x" * 1000, "eth0")
    leases.add(owner, "10.0.0.2")
    assert leases.held(owner) == ["10.0.0.2"]
    leases.remove(owner)
    assert leases.names() == []


def test_an_index_file_cut_within_a_line_says_nothing() -> None:
    entry = Entry("boot", A, {"10.0.0.2": 7, "fd00::2": 8})
    content = format_entry(entry)
    assert parse_entry(content) == entry
    cuts = [content[:size] for size in range(len(content))]
    assert [cut for cut in cuts if parse_entry(cut)] == [b"boot\na\neth0\n10.0.0.2 7\n"]
    assert parse_entry(content.replace(b" 7", b" x")) is None


# Reboots.


def test_our_leases_of_an_earlier_boot_are_freed(leases: Leases) -> None:
    leases.add(A, "10.0.0.2", "fd00::2")
    leases.add(B, "10.0.0.3")
    now = Boot("second", 0)
    leases.add(C, "10.0.0.2", boot=now)
    assert leases.names() == ["10.0.0.2"]
    assert (leases.held(A, now), leases.held(C, now)) == ([], ["10.0.0.2"])
    leases.check(now)


def test_a_lease_made_anew_by_another_program_after_the_reboot_stays(leases: Leases) -> None:
    leases.add(A, "10.0.0.2")
    (leases.folder / "10.0.0.2").unlink()
    leases.write("10.0.0.2", A, age=time.time_ns() + 1)
    assert leases.held(A, Boot("second", time.time_ns())) == ["10.0.0.2"]


def test_foreign_leases_are_freed_if_they_are_a_minute_older_than_this_boot(leases: Leases) -> None:
    began = time.time_ns() - 10 * MINUTE
    leases.write("10.0.0.2", A, age=began - MINUTE - 10**9)
    leases.write("10.0.0.3", B, age=began - MINUTE + 10**9)
    leases.write("10.0.0.4", ("legacy", ""), age=began - 2 * MINUTE)
    leases.write("10.0.0.5", C)
    boot = Boot("second", began)
    leases.check(boot)
    assert leases.names() == ["10.0.0.3", "10.0.0.5"]
    assert leases.held(B, Boot("third", began)) == []


def test_a_rebuild_that_was_interrupted_keeps_the_leases_of_this_boot(leases: Leases) -> None:
    leases.add(A, "10.0.0.2")
    now = Boot("second", 0)
    leases.add(B, "10.0.0.3", boot=now)
    seal = leases.data_dir / ".poplin" / NET / "seal"
    seal.write_text(seal.read_text().replace("second", "first"))
    assert leases.held(B, now) == ["10.0.0.3"]


def test_the_clock_may_go_wrong_without_harm_to_our_leases(leases: Leases) -> None:
    leases.add(A, "10.0.0.2")
    leases.write("10.0.0.3", B)
    assert leases.held(A) == ["10.0.0.2"]
    future = Boot("first", time.time_ns() + 1000 * MINUTE)  # the same boot, after the clock was set
    (leases.folder / "README").touch()
    leases.check(future)
    assert leases.names() == ["10.0.0.2", "10.0.0.3"]


def test_this_boot_is_the_kernels() -> None:
    boot = read_boot()
    lines = Path("/proc/stat").read_text().splitlines()
    btime = next(int(line.split()[1]) for line in lines if line.startswith("btime "))
    assert boot.id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert abs(boot.began // 10**9 - btime) <= 1


# Failures and kills.


def test_a_failed_call_gives_back_what_it_reserved_and_nothing_else(leases: Leases, opened: list[str]) -> None:
    leases.add(A, "10.0.0.2")
    with pytest.raises(RuntimeError), leases.open() as store:
        assert store.reserve(A, 0, parse_ip("10.0.0.3"))
        assert store.reserve(A, 1, parse_ip("fd00::3"))
        raise RuntimeError
    assert leases.names() == ["10.0.0.2"]
    opened.clear()
    assert leases.held(A) == ["10.0.0.2"]
    assert f"{leases.folder}/10.0.0.2" not in opened  # the index is still trusted
    leases.check()


def test_an_index_that_cannot_be_written_fails_the_call(leases: Leases, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(index: Index, owner: Owner, ips: list[str]) -> None:
        raise OSError(28, "No space left on device")

    leases.add(A, "10.0.0.2")
    with monkeypatch.context() as patch:
        patch.setattr(Index, "add", fail)
        with pytest.raises(OSError, match="No space left"):
            leases.add(B, "10.0.0.3")
    assert leases.names() == ["10.0.0.2"]
    leases.check()


SYSTEM_CALLS = ("open", "write", "ftruncate", "unlink", "utime", "mkdir")


def run_and_die(step: int, action: Callable[[], None]) -> bool:
    """Run the action in a child that dies right before its system call number `step`; whether it came that far."""
    child = os.fork()
    if child:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (0, 9)
        return status == 9
    left = step

    def dying(real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            nonlocal left
            left -= 1
            if left < 0:
                os._exit(9)
            return real(*arguments, **options)

        return call

    for name in SYSTEM_CALLS:
        setattr(posix, name, dying(getattr(posix, name)))
    try:
        action()
        os._exit(0)
    finally:
        os._exit(1)


@pytest.mark.parametrize("verb", ["ADD", "DEL", "rebuild", "reboot"])
def test_a_call_may_be_killed_before_any_step(tmp_path: Path, verb: str) -> None:
    now = Boot("second", 0) if verb == "reboot" else BOOT
    for step in range(100):
        data_dir = tmp_path / str(step)
        data_dir.mkdir()
        leases = Leases(data_dir)
        leases.add(A, "10.0.0.2", "fd00::2")
        leases.add(B, "10.0.0.3")
        if verb == "rebuild":
            leases.write("10.0.0.9", ("other", "eth0"))
        actions: dict[str, Callable[[], None]] = {
            "ADD": lambda leases=leases: leases.add(C, "10.0.0.4", "fd00::4"),  # type: ignore[misc]
            "DEL": lambda leases=leases: leases.remove(A),  # type: ignore[misc]
            "rebuild": lambda leases=leases: leases.remove(B),  # type: ignore[misc]
            "reboot": lambda leases=leases: leases.add(C, "10.0.0.4", "fd00::4", boot=now),  # type: ignore[misc]
        }
        was_killed = run_and_die(step, actions[verb])
        leases.check(now)
        expected = [] if verb == "reboot" else {"ADD": ["10.0.0.3"], "DEL": ["10.0.0.3"]}.get(verb)
        if expected is not None:
            assert leases.held(B, now) == expected
        leases.remove(C, now)
        leases.add(C, "10.0.0.4", "fd00::4", boot=now)  # the runtime cleans up and tries again
        assert leases.held(C, now) == ["10.0.0.4", "fd00::4"]
        leases.check(now)
        if not was_killed:
            assert step > 5
            return
    pytest.fail("the call never ended")


# The lock.


@pytest.mark.facts("plugins-main-ipam", 179)
def test_the_lock_is_a_file_in_the_folder_and_free_again_afterwards(leases: Leases) -> None:
    path = str(leases.folder / "lock")
    with LockFile(path, 0.1):
        pass
    for _ in range(2):
        with leases.open(seconds=0.1), pytest.raises(TryAgainLater), leases.open(seconds=0):
            pass
    with LockFile(path, 0.1):
        pass


def test_the_wait_for_the_lock_is_bounded_and_names_the_holder(leases: Leases) -> None:
    with LockFile(str(leases.folder / "lock"), 0.1), pytest.raises(TryAgainLater) as caught, leases.open(seconds=0.05):
        pass
    assert caught.value.code == 11
    assert f"{leases.folder}/lock is held by process {os.getpid()} (" in caught.value.details


def test_an_error_while_opening_releases_the_lock(leases: Leases) -> None:
    (leases.data_dir / ".poplin").write_text("in the way")
    for _ in range(2):
        with pytest.raises(NotADirectoryError), leases.open(seconds=0):
            pass
    (leases.data_dir / ".poplin").unlink()
    leases.add(A, "10.0.0.2")
    assert leases.held(A) == [str(IP(32, 0x0A000002))]
