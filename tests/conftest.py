"""What every test shares."""

from __future__ import annotations

import os

from hypothesis import settings

# tests/vm needs what only the virtual machine's kernel has; scripts/vm runs it there.
collect_ignore = [] if "POPLIN_VM" in os.environ else ["vm"]

pytest_plugins = ["doubles", "facts", "netlab", "node", "tally"]

# No deadline: a busy machine is no defect. No database: a run depends on nothing an earlier one left.
settings.register_profile("poplin", deadline=None, database=None)
settings.load_profile("poplin")
