"""Which URLs name a database, and what connections to it are like."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from controller.store_lab import policy

from poplin.controller.store import Pool, Store, StoreError, migrate, open_store
from poplin.controller.store.engine import make_engine, parse_url


@pytest.mark.facts("cf-control-plane", 137)
def test_another_database_is_refused_by_name() -> None:
    with pytest.raises(StoreError, match=r"^unsupported driver: oracle: write sqlite"):
        open_store("oracle://somewhere/policies")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("policies.db", "is no URL"),
        ("", "is no URL"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("postgresql://poplin:secret@host:port/policies", "cannot be read"),
    ],
)
def test_a_url_that_cannot_be_is_refused_without_its_password(url: str, said: str) -> None:
    with pytest.raises(StoreError, match=said) as caught:
        open_store(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("scheme", "driver"),
    [("postgres", "postgresql+psycopg"), ("postgresql", "postgresql+psycopg"), ("mysql", "mysql+pymysql")],
)
def test_a_scheme_stands_for_its_driver(scheme: str, driver: str) -> None:
    parsed = parse_url(f"{scheme}://poplin:p%40ss@db.example:1234/policies")
    assert (parsed.drivername, parsed.password, parsed.port) == (driver, "p@ss", 1234)


def test_options_of_the_url_reach_the_driver() -> None:
    parsed = parse_url("postgresql://db.example/policies?sslmode=verify-full&sslrootcert=/ca.pem")
    assert dict(parsed.query) == {"sslmode": "verify-full", "sslrootcert": "/ca.pem"}


@pytest.mark.parametrize(
    ("pool", "kept", "more"),
    [(Pool(), 10, 190), (Pool(open=5, idle=10), 5, 0), (Pool(open=0, idle=3), 3, -1), (Pool(open=4, idle=0), 1, 3)],
)
def test_a_pool_has_its_limits(pool: Pool, kept: int, more: int) -> None:
    made = make_engine("postgresql://db.example/policies", pool).pool
    assert (made.size(), made._max_overflow) == (kept, more)  # type: ignore[attr-defined]


def test_a_database_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/missing/policies.db")
    with pytest.raises(StoreError, match=r"^connect: unable to open database file$"):
        store.check()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A SQLite database, with letters in its name that mean something in URLs."""
    path = tmp_path / "100% #1 policies.db"
    migrate(f"sqlite:///{path}", tag_length=1)
    return path


@pytest.fixture
def opened(file: Path) -> Iterator[Store]:
    """The store in it."""
    store = open_store(f"sqlite:///{file}", tag_length=1)
    store.check()
    yield store
    store.close()


def test_nobody_else_reads_the_file_or_those_beside_it(file: Path, opened: Store) -> None:
    opened.create_policies([policy("app-a", "app-b")])
    modes = {each.name: each.stat().st_mode & 0o777 for each in file.parent.iterdir()}
    assert modes == dict.fromkeys((file.name, f"{file.name}-wal", f"{file.name}-shm"), 0o600)


def test_a_file_that_is_deleted_is_missed_and_not_made_again(file: Path, opened: Store) -> None:
    file.unlink()
    for ask in (opened.check, opened.list_policies, lambda: opened.create_policies([policy("app-a", "app-b")])):
        with pytest.raises(StoreError, match=r"^connect: unable to open database file$"):
            ask()
    assert not file.exists()


def test_a_file_that_was_made_anew_is_the_one_in_use(file: Path, opened: Store) -> None:
    opened.create_policies([policy("app-a", "app-b")])
    for each in file.parent.glob(f"{file.name}*"):
        each.unlink()
    migrate(f"sqlite:///{file}", tag_length=1)
    assert opened.count_policies() == 0


def test_a_file_that_is_no_database_is_told(file: Path, opened: Store) -> None:
    file.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match=r"not a database|malformed"):
        opened.check()


def test_sqlite_survives_a_power_cut_and_keeps_to_its_keys(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/policies.db"
    migrate(url, tag_length=1)
    store = open_store(url)
    try:
        assert [pragma(store, name) for name in ("journal_mode", "synchronous", "foreign_keys")] == ["wal", 2, 1]
    finally:
        store.close()


def pragma(store: Store, name: str) -> object:
    """What a setting is for the store's connections."""
    return store.database.read(lambda connection: connection.exec_driver_sql(f"PRAGMA {name}").scalar())
