"""`poplin autogen` where there is no Linux: nothing that Windows lacks is imported or used.

The program below runs in a fresh interpreter. It loads what the standard library needs, then takes away what Windows
has not, says that it is Windows, and refuses the imports of our own modules that would fail there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from autogen.examples import SAMPLE_TEXT, full_intent, sample_intent
from autogen.rules import expect
from netlab import CHECKOUT, Reply

from poplin import __version__

PROGRAM = """
import argparse, base64, binascii, builtins, copy, dataclasses, difflib, errno, functools, importlib.metadata
import importlib.resources, io, ipaddress, itertools, json, math, os, pathlib, re, secrets, shutil, signal, stat
import string, subprocess, sys, tempfile, textwrap, traceback, types, typing, unicodedata, uuid
import jsonschema, jsonschema.validators, referencing, referencing.jsonschema

MISSING = {"fcntl", "pwd", "grp", "termios", "tty", "resource", "posix", "pty", "syslog", "_posixsubprocess"}
real_import = builtins.__import__


def is_linux_only(name):
    return name.partition(".")[0] in MISSING or name == "poplin.linux" or name.startswith("poplin.linux.")


def import_as_on_windows(name, globals=None, locals=None, fromlist=(), level=0):
    importer = (globals or {}).get("__name__") or ""
    names = [name, *(f"{name}.{each}" for each in fromlist or ())]
    if importer.partition(".")[0] in ("poplin", "__main__") and any(map(is_linux_only, names)):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return real_import(name, globals, locals, fromlist, level)


class Finder:
    def find_spec(self, name, path=None, target=None):
        if is_linux_only(name):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.path.insert(0, CHECKOUT)
sys.meta_path.insert(0, Finder())
builtins.__import__ = import_as_on_windows
for name in ("SIGCHLD", "SIGPIPE", "SIGHUP", "SIGUSR1", "SIGALRM", "pthread_sigmask"):
    delattr(signal, name)
for name in ("geteuid", "getuid", "getegid", "fork", "fchmod", "fchown", "chown", "mkfifo", "mknod", "uname", "setsid"):
    delattr(os, name)
for name in ("O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK"):
    delattr(os, name)
sys.platform = PLATFORM

import os as same
assert same is os
try:
    import posix
except ModuleNotFoundError:
    pass
else:
    raise SystemExit("the trap does not work")

from poplin.cli.main import main
status = main(sys.argv[1:], "poplin")
sys.stdout.flush()
print(*[name for name in sys.modules if name.startswith("poplin.linux")], file=sys.stderr, end="")
sys.exit(status)
"""


def poplin(folder: Path, *arguments: str, stdin: object = None, platform: str = "win32") -> Reply:
    """The command line in that interpreter."""
    program = PROGRAM.replace("CHECKOUT", repr(str(CHECKOUT))).replace("PLATFORM", repr(platform))
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, *arguments],
        cwd=folder,
        input=json.dumps(stdin),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Reply(done.returncode, done.stdout, done.stderr)


def test_help_and_version(tmp_path: Path) -> None:
    done = poplin(tmp_path, "--help")
    assert (done.status, done.errors) == (0, "")
    assert "autogen" in done.output
    done = poplin(tmp_path, "--version")
    assert (done.status, done.output, done.errors) == (0, f"poplin {__version__}\n", "")


def test_help_of_the_verb(tmp_path: Path) -> None:
    done = poplin(tmp_path, "autogen", "--help")
    assert (done.status, done.errors) == (0, "")
    for option in ("--cni-args", "--from-json", "--cni-conf-path", "--profile", "--explain", "--check"):
        assert option in done.output


@pytest.mark.parametrize("profile", ["1.0.0", "0.3.1"])
def test_generating(tmp_path: Path, profile: str) -> None:
    intent = full_intent()
    if profile == "0.3.1":
        del intent["LocalEndpoint"]
    (tmp_path / "out").write_text("old")
    done = poplin(tmp_path, "autogen", "--from-json", "-", "--cni-conf-path", "out", "--profile", profile, stdin=intent)
    assert (done.status, done.output, done.errors) == (0, "", "")
    assert json.loads((tmp_path / "out").read_text()) == expect(intent, profile)
    assert os.listdir(tmp_path) == ["out"]


def test_generating_verbosely_as_the_script_laid_it_out(tmp_path: Path) -> None:
    options = ("--from-json", "-", "-CniConfPath", "cni.conf", "-Verbose", "--format", "powershell")
    done = poplin(tmp_path, "autogen", *options, stdin=sample_intent())
    assert (done.status, done.errors) == (0, "")
    assert done.output == "VERBOSE: Generated CNI conf: cni.conf\n" + SAMPLE_TEXT
    assert (tmp_path / "cni.conf").read_text() == SAMPLE_TEXT


def test_refusing(tmp_path: Path) -> None:
    done = poplin(tmp_path, "autogen", "--from-json", "-", stdin=full_intent(Gateway="10.0.0.300"))
    assert (done.status, done.output) == (1, "")
    assert done.errors.startswith("poplin autogen: Gateway: ")
    assert len(done.errors.splitlines()) == 1
    assert os.listdir(tmp_path) == []


def test_a_file_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    for options in (("--from-json", "missing"), ("--from-json", "-", "--cni-conf-path", "missing/out")):
        done = poplin(tmp_path, "autogen", *options, stdin=full_intent())
        assert (done.status, done.output) == (1, "")
        assert done.errors.startswith("poplin autogen: ")
        assert "missing" in done.errors
        assert len(done.errors.splitlines()) == 1


def test_checking(tmp_path: Path) -> None:
    done = poplin(tmp_path, "autogen", "--check", "-", stdin=expect(full_intent(), "1.0.0"))
    assert (done.status, done.errors) == (0, "")
    done = poplin(tmp_path, "autogen", "--check", "-", stdin={"type": "sdnbridge"})
    assert (done.status, done.errors) == (1, "")


def test_explaining(tmp_path: Path) -> None:
    done = poplin(tmp_path, "autogen", "--from-json", "-", "--explain", stdin=full_intent())
    assert (done.status, done.errors) == (0, "")
    assert "5002" in done.output
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("platform", ["win32", "darwin"])
@pytest.mark.parametrize("arguments", [("add", "x", "y"), ("list",), ("run", "x", "--", "true"), ("gc", "x")])
def test_what_needs_linux_says_so_in_one_line(tmp_path: Path, arguments: tuple[str, ...], platform: str) -> None:
    done = poplin(tmp_path, *arguments, platform=platform)
    assert (done.status, done.output) == (1, "")
    assert done.errors.startswith(f"poplin {arguments[0]}: ")
    assert "Linux" in done.errors
    assert len(done.errors.splitlines()) == 1
