"""Where the controller keeps its database and its development certificates, and what every verb of its takes."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from poplin.linux.places import STATE, choose_place

STATE_DIR = "/var/lib/poplin"
FOLDER = "controller"


def state_folder() -> Path:
    """POPLIN_STATE_DIR, else the system's, else the user's own; the controller's folder in it."""
    given = os.environ.get("POPLIN_STATE_DIR")
    return Path(given or choose_place(STATE_DIR, STATE, "poplin", os.environ)) / FOLDER


def add_config_argument(parser: argparse.ArgumentParser) -> None:
    """The option that all of them have. The original's servers write it with one dash."""
    parser.add_argument(
        *("--config-file", "-config-file"),
        metavar="FILE",
        default="",
        help="TOML, or JSON of the original policy-server or policy-server-internal"
        " (default: /etc/poplin/poplin.toml if it is there, else what suits development)",
    )
