"""The command `poplin`: one file per verb, of which only the one asked for is imported."""

from __future__ import annotations

import os
import signal
import sys

from poplin import __version__
from poplin.cli.verbs import ABOUT, VERBS, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE = 2
SIGPIPE = 13  # where the system has no signals, shells know the number all the same

USAGES = "usage: poplin VERB [ARGUMENTS]        poplin VERB --help"
EXAMPLE = """\
  ip netns add blue
  poplin add mynet /run/netns/blue
  poplin list --drawing
  poplin del mynet /run/netns/blue
"""
ENVIRONMENT = "NETCONFPATH, CNI_PATH, CNI_ARGS, CAP_ARGS, CNI_IFNAME, as for cnitool; POPLIN_CNI_DIR (/var/lib/cni)"
EXIT_STATUS = "0 done, 1 failed, 2 usage, 3 not found or nothing to do, 4 drift"
END = f"""
example, as root, with a network `mynet` in /etc/cni/net.d:

{EXAMPLE}
environment: {ENVIRONMENT}
exit status: {EXIT_STATUS}
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
        from poplin.cli.failure import report

        return report(error, f"{name_command(argv)}: cannot write the output")
    return status


def name_command(argv: Sequence[str] | None) -> str:
    """`poplin add`, or `poplin` where it is no verb that prints."""
    name, _ = split(sys.argv[1:] if argv is None else argv)
    return f"poplin {name}".rstrip()


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
    name, rest = split(arguments)
    if name:
        return run_verb(name, rest)
    first, *_ = arguments
    longer = [f"`{verb}`" for verb in VERBS if verb.startswith(f"{first} ")]
    known = f"there are {' and '.join(longer)}" if longer else "`poplin --help` lists them"
    print(f"poplin: no verb {' '.join(arguments[: 2 if longer else 1])!r}; {known}", file=sys.stderr)
    return USAGE


def help_text() -> str:
    """What `poplin --help` prints."""
    width = max(map(len, VERBS)) + 2
    lines = [f"  {name:{width}}{verb.summary}\n" for name, verb in VERBS.items()]
    return f"{ABOUT}\n\n{USAGES}\n\n{''.join(lines)}{END}"


def run_verb(name: str, arguments: list[str]) -> int:
    """Parse and run; failures become a line on stderr and an exit status."""
    if sys.platform != "linux" and not VERBS[name].is_portable:
        print(f"poplin {name}: works on Linux only, and this is {sys.platform}", file=sys.stderr)
        return 1
    # Imported here, as `poplin --help` needs none of it and takes half the time without.
    import argparse

    from poplin.cli.failure import report
    from poplin.cli.parser import get_module, make_parser

    options = argparse.Namespace(command=None)
    if VERBS[name].takes_command and "--" in arguments:
        at = arguments.index("--")
        arguments, options.command = arguments[:at], arguments[at + 1 :]
    for each in arguments:
        if each.startswith("--") and each.partition("=")[2] == "--":  # argparse would take it away
            print(f"poplin {name}: {each!r} gives the option no value", file=sys.stderr)
            return USAGE
    try:
        make_parser(name).parse_intermixed_args(arguments, options)
        return int(get_module(name).run(options))
    except SystemExit as stop:  # argparse: 0 after help, 2 after a mistake
        return int(stop.code or 0)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        raise
    except Exception as error:
        return report(error, f"poplin {name}", as_json=getattr(options, "json", False))


if __name__ == "__main__":
    sys.exit(main())
