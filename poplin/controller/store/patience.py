"""Connections to PostgreSQL on which nobody waits for ever.

libpq limits how long it takes to connect, the server how long a statement runs, and the kernel how long a host may be
gone. None of them notices a server that hangs: its kernel still takes what it is sent. PyMySQL has a limit of its own.
"""

from __future__ import annotations

from typing import Any, TypeVar

import psycopg
import sqlalchemy as sql
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

Result = TypeVar("Result")

GRACE = 1.0  # seconds by which the server may be late with giving up a statement by itself
LOOK = 0.1  # seconds between two looks whether the connection is still there, as psycopg has it


class PatientConnection(psycopg.Connection[Any]):
    """Closes itself if an answer takes longer than `patience` seconds."""

    patience: float | None = None

    def wait(self, gen: PQGen[Result], interval: float = LOOK, timeout: float | None = None) -> Result:
        """What psycopg waits with for every answer. Raises OperationalError."""
        try:
            return super().wait(gen, interval, self.patience if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:  # without the answer it is of no use
                self.pgconn.finish()
            raise


def limit_answers(engine: sql.Engine, seconds: float) -> None:
    """Have connections of this engine wait so long, and a little more, for each answer."""

    def connect(dialect: object, record: object, arguments: list[Any], options: dict[str, Any]) -> PatientConnection:
        connection = PatientConnection.connect(*arguments, **options)
        connection.patience = seconds + GRACE
        return connection

    sql.event.listen(engine, "do_connect", connect)
