"""What every test shares."""

from __future__ import annotations

from hypothesis import settings

pytest_plugins = ["doubles", "facts", "netlab", "node", "sample", "tally"]

# No deadline: a busy machine is no defect. No database: a run depends on nothing an earlier one left.
settings.register_profile("poplin", deadline=None, database=None)
settings.load_profile("poplin")
