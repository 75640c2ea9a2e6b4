"""The keywords of ours in the schemas; `poplin.schema.dialect` says what each means."""

from __future__ import annotations

KNOWN = "x-known"
UNKNOWN_KEYS = "x-unknownKeys"
EXACT_NAMES = "x-exactNames"
WITH = "x-with"
TWICE = "x-twice"  # of errors about one name in two spellings; schemas need not ask for it

# What becomes of unknown keys.
IGNORED = "ignored"  # unless the plugin is told to be strict
BY_RUNTIME = "ignored by the runtime"
FOR_IPAM = "for the IPAM plugin"
AS_CAPABILITY = "not a known capability"
