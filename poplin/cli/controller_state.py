"""Where the controller keeps its database and its development certificates, and what every verb of its takes."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from poplin.linux.places import STATE, find_user_folder, is_writable

STATE_DIR = "/var/lib/poplin"
USERS_FOLDER = "poplin"
FOLDER = "controller"


def state_folder() -> Path:
    """The controller's folder in POPLIN_STATE_DIR, else in the system's place, else in the user's own.

    The system's is for whoever may write there: root, and the service's user, who has that folder alone.
    """
    given = os.environ.get("POPLIN_STATE_DIR")
    if given:
        return Path(given, FOLDER)
    system, own = Path(STATE_DIR, FOLDER), find_user_folder(STATE, os.environ)
    return Path(own, USERS_FOLDER, FOLDER) if own and not is_writable(str(system)) else system


def add_config_argument(parser: argparse.ArgumentParser) -> None:
    """The option that all of them have. The original's servers write it with one dash."""
    parser.add_argument(
        *("--config-file", "-config-file"),
        metavar="FILE",
        default="",
        help="TOML, or JSON of the original policy-server or policy-server-internal"
        " (default: /etc/poplin/poplin.toml if it is there, else what suits development)",
    )
