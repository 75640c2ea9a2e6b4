"""Databases of the tests' own: SQLite in files, and PostgreSQL and MariaDB as servers that end with their test.

The servers are those that scripts/databases unpacks. They refuse to run as root, so a user namespace calls root nobody;
they listen on a socket in their folder and nowhere else.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pymysql
from netlab import CHECKOUT

from poplin.controller.store import Store, migrate
from poplin.policy.model import Policy, SecurityGroup

LIMIT = 60  # seconds that anything may take
TAG_LENGTH = 1  # bytes, so that a database is made soon and its tags run out
SHARE = CHECKOUT / ".venv/share"
POSTGRESQL = SHARE / "postgresql/usr/lib/postgresql/15/bin"
MARIADB = SHARE / "mariadb/usr"
AS_NOBODY = ["unshare", "--user", "--map-user=65534"] if os.geteuid() == 0 else []


class Files:
    """SQLite, for which there is no server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers = count()

    def new_url(self) -> str:
        """Of an empty database."""
        file = self.folder / f"{next(self.numbers)}.db"
        file.touch()
        return f"sqlite:///{file}"

    def copy(self, url: str) -> str:
        """Of a database that is like that of another URL, which nobody uses."""
        new = self.new_url()
        shutil.copy(url.removeprefix("sqlite:///"), new.removeprefix("sqlite:///"))
        return new


class Server:
    """One that runs, with its files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers = count()
        self.process: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """Make its files, if it does not make them itself."""

    def command(self) -> list[str]:
        """What runs it."""
        raise NotImplementedError

    def socket(self) -> Path:
        """Where it listens."""
        raise NotImplementedError

    def execute(self, statement: str) -> None:
        """Run one statement as the administrator."""
        raise NotImplementedError

    def url(self, database: str) -> str:
        """Of one of its databases."""
        raise NotImplementedError

    def new_url(self) -> str:
        """Of an empty database."""
        name = f"policies{next(self.numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def copy(self, url: str) -> str:
        """Of a database that is like that of another URL, which nobody uses."""
        raise NotImplementedError

    def start(self) -> None:
        """Run it, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([*AS_NOBODY, *self.command()], stdout=log, stderr=log)
        deadline = time.monotonic() + LIMIT
        while not self.answers():
            assert self.process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.05)

    def answers(self) -> bool:
        """Whether one can connect. PyMySQL forgets a socket that it could not connect, so that is tried without it."""
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(self.socket())) != 0:
                return False
        try:
            self.execute("SELECT 1")
        except (psycopg.OperationalError, pymysql.OperationalError):
            return False
        return True

    def stop(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End it at once, as a crash would, unless another signal is given."""
        assert self.process is not None
        self.process.send_signal(how)
        self.process.wait(LIMIT)

    def drop_connections(self) -> None:
        """End the connections of all others."""
        raise NotImplementedError


class PostgreSQL(Server):
    """Debian's, whose user `poplin` may do everything without a password."""

    def prepare(self) -> None:
        """Make its files."""
        init = [str(POSTGRESQL / "initdb"), "-U", "poplin", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"]
        subprocess.run(
            [*AS_NOBODY, *init, "-D", str(self.folder / "data")], check=True, capture_output=True, timeout=2 * LIMIT
        )

    def command(self) -> list[str]:
        options = [f"unix_socket_directories={self.folder}", "listen_addresses=", "jit=off", "max_connections=50"]
        settings = [word for option in options for word in ("-c", option)]
        return [str(POSTGRESQL / "postgres"), "-D", str(self.folder / "data"), *settings]

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Its way to crash: it writes nothing any more, but ends the processes that share its memory."""
        super().stop(how)

    def socket(self) -> Path:
        return self.folder / ".s.PGSQL.5432"

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def url(self, database: str) -> str:
        return f"postgresql://poplin@/{database}?host={self.folder}"

    def copy(self, url: str) -> str:
        name = f"policies{next(self.numbers)}"
        template = url.partition("@/")[2].partition("?")[0]
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop_connections(self) -> None:
        self.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'policies%'")


class MariaDB(Server):
    """Debian's, without tables of users: whoever reaches the socket may do everything."""

    def prepare(self) -> None:
        """Files that survive a crash, which they do from the first orderly end on."""
        (self.folder / "data").mkdir()
        self.start()
        self.stop(signal.SIGTERM)

    def command(self) -> list[str]:
        messages = MARIADB / "share/mysql"
        places = [f"--basedir={MARIADB}", f"--lc-messages-dir={messages}", f"--character-sets-dir={messages}/charsets"]
        own = [f"--datadir={self.folder}/data", f"--socket={self.socket()}", f"--pid-file={self.folder}/pid"]
        options = ["--skip-grant-tables", "--skip-networking", "--innodb-buffer-pool-size=64M"]
        return [str(MARIADB / "sbin/mariadbd"), "--no-defaults", *places, *own, *options]

    def socket(self) -> Path:
        return self.folder / "socket"

    def execute(self, statement: str) -> None:
        self.query(statement)

    def query(self, statement: str) -> list[int]:
        """The first column of the answer."""
        connection = pymysql.connect(unix_socket=str(self.socket()), user="root", autocommit=True)
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return [row[0] for row in cursor.fetchall()]

    def url(self, database: str) -> str:
        return f"mysql://root@localhost/{database}?unix_socket={self.socket()}"

    def copy(self, url: str) -> str:
        """There are no copies here, so it is made like the other was."""
        new = self.new_url()
        migrate(new, tag_length=TAG_LENGTH)
        return new

    def drop_connections(self) -> None:
        others = "SELECT id FROM information_schema.processlist WHERE db LIKE 'policies%'"
        for number in self.query(others):
            try:
                self.execute(f"KILL {number}")
            except pymysql.OperationalError as error:
                assert error.args[0] == 1094, error  # it has gone by itself


Database = Files | Server
KINDS: dict[str, type[Server]] = {"postgresql": PostgreSQL, "mariadb": MariaDB}
SERVERS = tuple(KINDS) if "POPLIN_DATABASES" in os.environ else ()  # which scripts/databases unpacks
DATABASES = ("sqlite", *SERVERS)


@contextmanager
def running(name: str, folder: Path) -> Iterator[Database]:
    """The database of this name, in this folder, which is empty."""
    if name == "sqlite":
        yield Files(folder)
        return
    server = KINDS[name](folder)
    try:
        server.prepare()
        server.start()
        yield server
    finally:
        if server.process is not None:
            server.stop()


class Clock:
    """One that tests turn. Starts in 2030, after anything a real clock has written."""

    def __init__(self) -> None:
        self.now = 1_900_000_000 * 10**9  # UnixNano

    def __call__(self) -> int:
        return self.now

    def turn(self, seconds: float) -> None:
        """On, or back."""
        self.now += int(seconds * 1e9)


@contextmanager
def hidden(store: Store, table: str) -> Iterator[None]:
    """A database that lacks a table for a while."""
    elsewhere = f"hidden_{table}"
    store.database.write(lambda connection: connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {elsewhere}"))
    try:
        yield
    finally:
        store.database.write(
            lambda connection: connection.exec_driver_sql(f"ALTER TABLE {elsewhere} RENAME TO {table}")
        )


def policy(source: str, destination: str, start: int = 8080, end: int = 0, protocol: str = "tcp") -> Policy:
    """One port unless two are given."""
    return Policy(source, destination, protocol, start, end or start)


def security_group(guid: str, **values: object) -> SecurityGroup:
    """One that nobody has, unless the values say otherwise."""
    usual: dict[str, object] = {
        "name": f"name of {guid}",
        "rules": '[{"protocol":"all","destination":"10.0.0.0/8"}]',
        "staging_default": False,
        "running_default": False,
        "staging_space_guids": (),
        "running_space_guids": (),
    }
    return SecurityGroup(guid, **{**usual, **values})  # type: ignore[arg-type]
