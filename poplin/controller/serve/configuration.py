"""Where the configuration comes from: /etc/poplin/poplin.toml, or a file that is named, which may be the original's."""

from __future__ import annotations

import errno
import os
import stat
import tomllib

from msgspec import Struct

from poplin.controller.serve.database import has_password
from poplin.controller.serve.mistakes import find_mistakes
from poplin.controller.serve.original import USUAL_PREFIX, read_original
from poplin.controller.serve.settings import Settings
from poplin.controller.serve.strict import read_record

USUAL_FILE = "/etc/poplin/poplin.toml"
READABLE_BY_OTHERS = stat.S_IROTH


class Configuration(Struct, frozen=True):
    """What holds, and where it is written; no path if nothing is, and all is as for development."""

    path: str
    settings: Settings


class BadConfiguration(Exception):
    """The file cannot be used; each mistake is a line for people."""

    def __init__(self, path: str, mistakes: tuple[str, ...]) -> None:
        super().__init__("; ".join(mistakes))
        self.path = path
        self.mistakes = mistakes


def load(path: str = "") -> Configuration:
    """The named file, else the usual one if it is there. Raises BadConfiguration."""
    if not path and not is_there(USUAL_FILE):
        return Configuration("", Settings())
    path = path or USUAL_FILE
    text, mode = read_text(path)
    settings = read_json(path, text) if is_json(path, text) else read_toml(path, text)
    mistakes = find_mistakes(settings)
    if mode & READABLE_BY_OTHERS and holds_secret(settings):
        mistakes.append(f"{path}: holds a secret and everybody may read it; run chmod o-r, or name files of secrets")
    if mistakes:
        raise BadConfiguration(path, tuple(mistakes))
    return Configuration(path, settings)


def is_there(path: str) -> bool:
    """Whether there is such a file. One that we may not look for counts: without it we would be for development."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def read_text(path: str) -> tuple[str, int]:
    """The content and the mode of the file."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(), os.fstat(file.fileno()).st_mode
    except (OSError, UnicodeDecodeError) as error:
        reason = os.strerror(error.errno or errno.EIO) if isinstance(error, OSError) else "it is no UTF-8"
        wrong = f"could not read config file: reading config: open {path}: {reason.lower()}"
        line = f"{path}: {reason}" if path.endswith(".toml") else f"{USUAL_PREFIX}.policy-server: {wrong}"
        raise BadConfiguration(path, (line,)) from None


def is_json(path: str, text: str) -> bool:
    """Whether it is a file of the original's."""
    return path.endswith(".json") or text.lstrip().startswith("{")


def read_json(path: str, text: str) -> Settings:
    """One of the original's."""
    read = read_original(text)
    if read.settings is None:
        lines = (f"{read.prefix}: could not read config file: {each}" for each in read.mistakes)
        raise BadConfiguration(path, tuple(lines))
    return read.settings


def read_toml(path: str, text: str) -> Settings:
    """Ours."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadConfiguration(path, (f"{path}: {error}",)) from None
    mistakes: list[str] = []
    settings = read_record(found, Settings, "", mistakes)
    if settings is None:
        raise BadConfiguration(path, tuple(f"{path}: {each}" for each in mistakes))
    return settings


def holds_secret(settings: Settings) -> bool:
    """Whether a password stands in the file itself."""
    return has_password(settings.database.url) or bool(settings.uaa and settings.uaa.client_secret)
