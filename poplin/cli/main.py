"""The command `poplin`: one file per verb, of which only the one asked for is imported.

Exit status: 0 done, 1 the operation failed, 2 usage, 3 not found or nothing to do, 4 drift or denied.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from poplin import __version__
from poplin.cli.failure import FAILED, report


@dataclass(frozen=True)
class Verb:
    """The module that has `add_arguments` and `run`, one line, and an example."""

    module: str
    summary: str
    example: str
    takes_command: bool = False  # after `--`
    is_portable: bool = False  # needs nothing of Linux


VERBS = {
    "run": Verb(
        "run", "run a command in a network namespace of its own, attached", "poplin run mynet -- ip addr", True
    ),
    "add": Verb("add", "attach a network namespace to a network", "poplin add mynet /run/netns/blue"),
    "check": Verb("check", "is it still attached as `add` left it?", "poplin check mynet /run/netns/blue"),
    "del": Verb("delete", "detach it", "poplin del mynet /run/netns/blue"),
    "status": Verb("status", "would `add` succeed now?", "poplin status mynet"),
    "gc": Verb("gc", "remove what containers that are gone left behind", "poplin gc mynet --dry-run"),
    "reload": Verb("reload", "restore the firewall after somebody flushed it", "poplin reload"),
    "list": Verb("list", "show what is connected, and what has drifted", "poplin list --drawing"),
    "autogen": Verb(
        "autogen",
        "write the configuration of a Windows CNI plugin from intent",
        "poplin autogen --from-json intent.json --explain",
        is_portable=True,
    ),
    "build": Verb("build", "write the plugins of this checkout into a folder", "poplin build ./bin"),
    "install": Verb(
        "install", "install the plugins for every container runtime", "poplin install --bin-dir /opt/cni/bin"
    ),
    "uninstall": Verb("uninstall", "remove exactly what `install` installed", "poplin uninstall"),
}

SIGPIPE = 13  # where the system has no signals, shells know the number all the same

ABOUT = """\
Join containers to networks: call CNI plugins as a container runtime does, and ship some of our own.

usage: poplin VERB [ARGUMENTS]        poplin VERB --help

"""
EXAMPLE = """
example, as root, with a network `mynet` in /etc/cni/net.d:

  ip netns add blue
  poplin add mynet /run/netns/blue
  poplin list --drawing
  poplin del mynet /run/netns/blue

environment: NETCONFPATH, CNI_PATH, CNI_ARGS, CAP_ARGS, CNI_IFNAME, as for cnitool; POPLIN_CNI_DIR (/var/lib/cni)
exit status: 0 done, 1 failed, 2 usage, 3 not found or nothing to do, 4 drift
"""


def main(argv: Sequence[str] | None = None, prog: str = "") -> int:
    """Run one verb; the exit status. Called `cnitool`, it behaves as that does."""
    try:
        status = choose(argv, prog)
        if sys.stdout:  # None if we were started with it closed
            sys.stdout.flush()
    except OSError as error:  # verbs report their own; this one is about our output
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more when it ends
        if isinstance(error, BrokenPipeError):  # whoever read it has gone, as in `poplin list | head -1`
            return 128 + SIGPIPE
        return report(error, "poplin: cannot write the output")
    return status


def choose(argv: Sequence[str] | None, prog: str) -> int:
    """The verb of the command line."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if sys.stderr is None:  # we were started with it closed: print() would take stdout instead
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    if hasattr(signal, "SIGCHLD"):  # a caller that ignores it would cost us the plugins' exit status
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if (prog or sys.argv[0]).rpartition("/")[2] == "cnitool":
        from poplin.cli import cnitool

        return cnitool.main(arguments)
    match arguments:
        case [] | ["-h" | "--help" | "help", *_]:
            print(help_text(), end="")
            return 0
        case ["--version", *_]:
            print(f"poplin {__version__}")
            return 0
        case [name, *rest] if name in VERBS:
            return run_verb(name, VERBS[name], rest)
    print(f"poplin: no verb {arguments[0]!r}; `poplin --help` lists them", file=sys.stderr)
    return 2


def help_text() -> str:
    """What `poplin --help` prints."""
    width = max(map(len, VERBS)) + 2
    lines = [f"  {name:{width}}{verb.summary}\n" for name, verb in VERBS.items()]
    return ABOUT + "".join(lines) + EXAMPLE


def run_verb(name: str, verb: Verb, arguments: list[str]) -> int:
    """Parse and run; failures become a line on stderr and an exit status."""
    if sys.platform != "linux" and not verb.is_portable:
        print(f"poplin {name}: works on Linux only, and this is {sys.platform}", file=sys.stderr)
        return FAILED
    module = importlib.import_module(f"poplin.cli.{verb.module}")
    parser = argparse.ArgumentParser(
        prog=f"poplin {name}",
        description=module.__doc__,
        epilog=f"example:\n  {verb.example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    command = None
    if verb.takes_command and "--" in arguments:
        at = arguments.index("--")
        arguments, command = arguments[:at], arguments[at + 1 :]
    try:
        options = parser.parse_args(arguments, argparse.Namespace(command=command))
        return int(module.run(options))
    except SystemExit as stop:  # argparse: 0 after help, 2 after a mistake
        return int(stop.code or 0)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        raise
    except Exception as error:
        return report(error, f"poplin {name}")


if __name__ == "__main__":
    sys.exit(main())
