"""Failures as people and scripts see them: lines on stderr, an exit status, and the CNI error object where wanted."""

from __future__ import annotations

import errno
import os
import sys

from poplin.spec.errors import CheckFailed, CNIError, InternalError, IOFailure
from poplin.spec.jsontext import dumps

FAILED = 1
USAGE = 2
NOT_FOUND = 3
DRIFT = 4


def report(error: Exception, prog: str, *, as_json: bool = False) -> int:
    """Print what went wrong; the exit status. An exception nobody expected is a defect and keeps its traceback.

    With `as_json` stdout gets {"version": 1, "errors": [{"code", "msg", "details"?, "step"?, "plugin"?, "network"?}]}.
    """
    if as_json:
        print(dumps({"version": 1, "errors": [as_object(each) for each in flatten(error)]}, 2))
    if isinstance(error, ExceptionGroup):
        return max([report(each, prog) for each in error.exceptions])
    if isinstance(error, CNIError):
        print(f"{prog}: {describe(error)}", file=sys.stderr)
        return find_status(error)
    if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith("poplin"):
        print(f"{prog}: needs the Python package {error.name}; pip install {error.name}", file=sys.stderr)
        return FAILED
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        text = f"{where}{error.strerror or error}"
        print(f"{prog}: {text}{hint(text)}", file=sys.stderr)
        return FAILED
    raise error


def describe(error: CNIError) -> str:
    """One line: where, what, code."""
    notes: list[str] = getattr(error, "__notes__", [])
    text = " ".join(str(error).split()) or "failed without an error message"
    return "".join(f"{note}: " for note in notes) + f"{text} (code {error.code}){hint(text)}"


def hint(text: str) -> str:
    """What helps against a refusal of the system's, the commonest mistake of all."""
    refused = any(os.strerror(code) in text for code in (errno.EACCES, errno.EPERM))
    is_root = not hasattr(os, "geteuid") or os.geteuid() == 0  # Windows has no such thing
    return "" if not refused or is_root else "; run it as root"


def find_status(error: CNIError) -> int:
    """The exit status an error stands for. Code 103 means a difference only where one was asked for."""
    from poplin.runtime.networks import NetworkNotFound, NoConfigs  # which needs Linux, and portable verbs do not

    if isinstance(error, NoConfigs | NetworkNotFound):
        return NOT_FOUND
    return DRIFT if (error.step, error.code) == ("CHECK", CheckFailed.code) else FAILED


def flatten(error: Exception) -> list[Exception]:
    """The errors of a group, or the one."""
    return [each for one in error.exceptions for each in flatten(one)] if isinstance(error, ExceptionGroup) else [error]


def as_object(error: Exception) -> dict[str, object]:
    """An error for --json: the CNI error object, and where it happened if that is known."""
    if not isinstance(error, CNIError):
        kind = IOFailure if isinstance(error, OSError) else InternalError
        return {"code": kind.code, "msg": str(error) or type(error).__name__}
    place = {key: value for key in ("step", "plugin", "network") if (value := getattr(error, key))}
    return {**error.as_object(), **place}


def print_error_object(error: CNIError, version: str = "") -> None:
    """The error on stdout, where those who call a runtime expect it."""
    error.version = error.version or version
    print(dumps(error.as_object(), 4))
