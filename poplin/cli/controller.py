"""Run the policy server: policies over HTTP for people and for agents, kept in a database.

Without a configuration it is ready to be tried: SQLite and certificates for development in /var/lib/poplin/controller,
on this machine alone. With `[database] url` and certificates in /etc/poplin/poplin.toml it is the one for production,
and several may run on one database. Log lines go to stderr, in JSON. POPLIN_STATE_DIR stands for /var/lib/poplin; who
may not write there has $XDG_STATE_HOME/poplin, or ~/.local/state/poplin.

SIGTERM and SIGINT let the requests that run end, for a minute at most; a second signal ends at once. SIGHUP reads
certificates and log level again.

Once clients may come, --json prints on one line {"version": 1, "listeners": [{"name", "url"}], "certificates": {"ca",
"certificate", "key"}}; the certificates are those for development, null if there are none.

Exit status: 0 stopped by a signal, 1 it cannot run.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from poplin.cli.controller_extra import is_complete
from poplin.cli.controller_state import add_config_argument, state_folder
from poplin.cli.failure import FAILED
from poplin.spec.jsontext import dumps

if TYPE_CHECKING:
    from poplin.controller.serve.process import Ready

PROG = "poplin controller"
LISTED = "/networking/v1/external/policies"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin controller`."""
    add_config_argument(parser)
    parser.add_argument("--json", action="store_true", help="for programs")


def run(options: argparse.Namespace) -> int:
    """`poplin controller`."""
    if not is_complete(PROG):
        return FAILED
    # Imported here, as they need what is not everywhere.
    from poplin.controller.access.outgoing import TrustError
    from poplin.controller.serve import process
    from poplin.controller.serve.configuration import BadConfiguration, load
    from poplin.controller.serve.database import NoDatabase
    from poplin.controller.serve.log import start_logging
    from poplin.controller.serve.tls import TlsError
    from poplin.linux.lockfile import LockTimeout

    try:
        configuration = load(options.config_file)
    except BadConfiguration as error:
        print(*(f"{PROG}: {each}" for each in error.mistakes), sep="\n", file=sys.stderr)
        return FAILED
    source = configuration.settings.controller.log_source
    start_logging(source, configuration.settings.controller.log_level, sys.stderr)
    try:
        return process.run(configuration, state_folder(), as_json if options.json else tell)
    except (LockTimeout, NoDatabase, TlsError, TrustError) as error:
        print(f"{PROG}: {source}: {error}", file=sys.stderr)
        return FAILED


def tell(ready: Ready) -> None:
    """For people."""
    width = max(len(each.name) for each in ready.places)
    lines = [f"{each.name:{width}}  {each.url}" for each in ready.places]
    external = next((each.url for each in ready.places if each.name == "external"), "")
    if external and ready.plan.development:
        files = ready.plan.development.client
        trial = f"curl --cacert {files.client_ca} --cert {files.certificate} --key {files.key} {external}{LISTED}"
        lines += ["", "for development only; try it:", f"  {trial}"]
    print(*lines, sep="\n", flush=True)


def as_json(ready: Ready) -> None:
    """For programs."""
    files = ready.plan.development.client if ready.plan.development else None
    shown = {"ca": files.client_ca, "certificate": files.certificate, "key": files.key} if files else None
    listeners = [{"name": each.name, "url": each.url} for each in ready.places]
    print(dumps({"version": 1, "listeners": listeners, "certificates": shown}), flush=True)
