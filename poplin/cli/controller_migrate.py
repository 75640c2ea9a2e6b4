"""Make the policy server's tables, or bring them up to date, and exit.

`poplin controller` does the same when it starts; this is for those who change databases at a time of their own. It may
be run any number of times, and on the database of the original policy server, which then is ours.

Exit status: 0 the tables are as they must be, 1 they are not.
"""

from __future__ import annotations

import argparse
import sys

from poplin.cli.controller_extra import is_complete
from poplin.cli.controller_state import add_config_argument, state_folder
from poplin.cli.failure import FAILED

PROG = "poplin controller migrate"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin controller migrate`."""
    add_config_argument(parser)


def run(options: argparse.Namespace) -> int:
    """`poplin controller migrate`."""
    if not is_complete(PROG):
        return FAILED
    from poplin.controller.serve.configuration import BadConfiguration, load
    from poplin.controller.serve.database import NoDatabase, prepare

    try:
        prepare(load(options.config_file).settings, state_folder())
    except BadConfiguration as error:
        print(*(f"{PROG}: {each}" for each in error.mistakes), sep="\n", file=sys.stderr)
        return FAILED
    except NoDatabase as error:
        print(f"{PROG}: {error}", file=sys.stderr)
        return FAILED
    return 0
