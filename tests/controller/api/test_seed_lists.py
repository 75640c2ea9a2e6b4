"""The two examples that authors of policy agents were given, as data: the lists this server makes are the same.

A list of ours says besides how many there are, and a policy besides its port the range that it is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from controller.api_lab import Client

from poplin.controller.store import Store
from poplin.policy.model import Policy

SEEDS = Path(__file__).parents[1] / "serve" / "data"  # which tests over TLS have too
PATH = "/networking/v0/internal/policies"


def read_seed(name: str) -> list[dict[str, Any]]:
    """The policies of an example."""
    policies = json.loads((SEEDS / f"seed_{name}.json").read_text())["policies"]
    assert policies
    return list(policies)


def stock(store: Store, policies: list[dict[str, Any]]) -> None:
    """Have them, one after the other, so that their tags come in the order of the examples."""
    for item in policies:
        destination = item["destination"]
        port = destination["port"]
        store.create_policies([Policy(item["source"]["id"], destination["id"], destination["protocol"], port, port)])


def source_of(item: dict[str, Any]) -> str:
    """What the lists are sorted by, as no order is promised."""
    return str(item["source"]["id"])


def strip(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The policies without what the examples do not have."""
    for item in body["policies"]:
        port = item["destination"]["port"]
        assert item["destination"].pop("ports") == {"start": port, "end": port}
    return sorted(body["policies"], key=source_of)


def test_the_list_of_all_policies_is_that_of_the_example(agent: Client, store: Store) -> None:
    seed = read_seed("all")
    stock(store, seed)
    assert strip(agent.get(PATH).json()) == sorted(seed, key=source_of)


def test_the_list_of_some_apps_is_that_of_the_example(agent: Client, store: Store) -> None:
    seed = read_seed("filtered")
    stock(store, [*read_seed("all"), seed[1]])
    ids = ",".join(item["source"]["id"] for item in seed)
    assert strip(agent.get(f"{PATH}?id={ids}").json()) == sorted(seed, key=source_of)
