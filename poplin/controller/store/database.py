"""Transactions: begun, repeated where the database asks for it, and committed before anybody hears of success."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import sqlalchemy as sql
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from poplin.controller.store.errors import StoreError
from poplin.controller.store.faults import is_undone
from poplin.controller.store.file import WRITES

Result = TypeVar("Result")
Work = Callable[[sql.Connection], Result]

TRIES = 8
FIRST_PAUSE = 0.02  # seconds, doubled each time, and half of it by chance so that rivals do not meet again


class CommitFailed(StoreError):
    """The database did not say whether it committed."""


class Database:
    """Runs work in transactions of one engine. What fails is a StoreError, with the driver's error as its cause."""

    def __init__(self, engine: sql.Engine, patience: float) -> None:
        self.engine = engine
        self.patience = patience  # seconds after which nothing is tried again

    def read(self, work: Work[Result]) -> Result:
        """What the work returns."""
        return self.repeat(lambda: run(self.engine, work, writes=False))

    def write(self, work: Work[Result], *, may_repeat_commit: bool = True) -> Result:
        """What the work returns, once that is committed.

        A commit without an answer is repeated too, as all work here makes something so: what is there already stays,
        what is gone already is not missed. `may_repeat_commit` is False for work that would count itself; then only a
        commit that was refused is repeated.
        """
        return self.repeat(lambda: run(self.engine, work, writes=True), may_repeat_commit=may_repeat_commit)

    def repeat(self, attempt: Callable[[], Result], *, may_repeat_commit: bool = True) -> Result:
        """Try again after deadlocks and dropped connections: that is, after what may well succeed now."""
        begun = time.monotonic()
        for number in range(TRIES):
            try:
                return attempt()
            except StoreError as error:
                may_be_done = isinstance(error, CommitFailed) and not may_repeat_commit
                again = was_undone(error) or (was_dropped(error) and not may_be_done)
                if not again or number + 1 == TRIES or time.monotonic() - begun > self.patience:
                    raise
            time.sleep(FIRST_PAUSE * 2**number * random.uniform(0.5, 1))
        raise AssertionError("the last try returns or raises")


def run(engine: sql.Engine, work: Work[Result], *, writes: bool) -> Result:
    """One transaction."""
    with saying("connect"):
        connection = engine.connect().execution_options(**{WRITES: writes})
    with connection:
        with saying("create transaction"):
            transaction = connection.begin()
        try:
            with saying(""):
                result = work(connection)
        except BaseException as error:
            roll_back(transaction, error)
            raise
        commit(transaction)
    return result


def commit(transaction: sql.RootTransaction) -> None:
    """Make it last. If the database does not say so, nobody knows in what state the connection is."""
    try:
        with saying("commit transaction", CommitFailed):
            transaction.commit()
    except CommitFailed:
        transaction.connection.invalidate()
        raise


def roll_back(transaction: sql.RootTransaction, error: BaseException) -> None:
    """Undo; if not even that works, the connection is of no use and both reasons are told."""
    try:
        transaction.rollback()
    except SQLAlchemyError as second:
        transaction.connection.invalidate()
        raise StoreError(f"database rollback: {reason(second)} (sql error: {error})") from second


@contextmanager
def saying(what: str, kind: type[StoreError] = StoreError) -> Iterator[None]:
    """Errors of the database become StoreErrors that begin with what was being done."""
    try:
        yield
    except (SQLAlchemyError, UnicodeError) as error:
        raise kind(f"{what}: {reason(error)}" if what else reason(error)) from error


def reason(error: Exception) -> str:
    """What the driver says, in one line, without the statement and its values."""
    said = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return " ".join(str(said).split())


def was_undone(error: StoreError) -> bool:
    """Whether the database says that it wants all of it tried again."""
    cause = error.__cause__
    return isinstance(cause, DBAPIError) and is_undone(cause.orig)


def was_dropped(error: StoreError) -> bool:
    """Whether the connection is gone; another may do."""
    cause = error.__cause__
    return isinstance(cause, DBAPIError) and cause.connection_invalidated
