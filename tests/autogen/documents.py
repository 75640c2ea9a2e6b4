"""Generated documents taken apart, and the problems of intents that become none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from poplin.autogen import IntentError, generate


def contents(path: str) -> Any:
    """The document in a file, which is ASCII."""
    return json.loads(Path(path).read_bytes().decode("ascii"))


def summary(document: dict[str, Any]) -> list[tuple[str, Any]]:
    """Type and priority of each policy in order."""
    values = [entry["Value"] for entry in document["AdditionalArgs"]]
    assert {entry["Name"] for entry in document["AdditionalArgs"]} <= {"EndpointPolicy"}
    return [(value["Type"], value["Settings"].get("Priority")) for value in values]


def settings_of(document: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [each["Value"]["Settings"] for each in document["AdditionalArgs"] if each["Value"]["Type"] == kind]


def problems_of(intent: dict[str, Any], **options: Any) -> tuple[str, ...]:
    with pytest.raises(IntentError) as caught:
        generate(intent, **options)
    assert len(str(caught.value).splitlines()) == 1
    return caught.value.problems
