"""The two examples that the original's documentation gives to authors of agents: the same curl, the same JSON.

data/seed_all.json and data/seed_filtered.json are what it shows; the second is of another day, with one policy more.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from controller.serve.server_lab import (
    ADMIN,
    PATIENCE,
    POLICIES,
    Client,
    Papers,
    Server,
    make_client,
    make_settings,
    serving,
    split_answer,
)

DATA = Path(__file__).with_name("data")
HOST = "policy-server.service.cf.internal"
FILTER = "?id=5351a742-6704-46df-8de0-1a376adab65c,d5bbc5ed-886a-44e6-945d-67df1013fa16"


def read_shown(name: str) -> list[dict[str, Any]]:
    """The policies of one example."""
    return list(json.loads((DATA / f"seed_{name}.json").read_text())["policies"])


def without_tags(policy: dict[str, Any]) -> dict[str, Any]:
    """As it is asked for."""
    return {side: {key: each for key, each in policy[side].items() if key != "tag"} for side in policy}


def find_shown_part(policy: dict[str, Any]) -> dict[str, Any]:
    """What the examples show of a policy; newer versions say more."""
    keys = {"source": ("id", "tag"), "destination": ("id", "port", "protocol", "tag")}
    return {side: {key: policy[side][key] for key in keys[side]} for side in keys}


def in_order(policies: list[dict[str, Any]]) -> list[str]:
    """To compare: neither the server nor the examples promise an order."""
    return sorted(json.dumps(each, sort_keys=True) for each in policies)


def run_as_shown(folder: Path, server: Server, query: str) -> list[dict[str, Any]]:
    """The command of the example, with certs/ in its folder; the port is the kernel's."""
    port = server.port("internal")
    url = f"https://{HOST}:{port}/networking/v0/internal/policies{query}"
    files = ["--cacert", "certs/ca.crt", "--cert", "certs/client.crt", "--key", "certs/client.key"]
    command = ["curl", "-s", *files, "--resolve", f"{HOST}:{port}:127.0.0.1", url]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=True)
    return list(json.loads(done.stdout)["policies"])


@pytest.fixture(scope="module")
def agent_folder(tmp_path_factory: pytest.TempPathFactory, papers: Papers) -> Path:
    """Where an agent keeps certs/."""
    certs = tmp_path_factory.mktemp("agent") / "certs"
    certs.mkdir()
    client = make_client(papers, "agent.example.org")
    for name, path in (("ca.crt", client.ca), ("client.crt", client.certificate), ("client.key", client.key)):
        (certs / name).write_bytes(Path(path).read_bytes())
    return certs.parent


@pytest.fixture(scope="module")
def policy_server(tmp_path_factory: pytest.TempPathFactory, papers: Papers) -> Iterator[Server]:
    """Called as in the examples."""
    settings = make_settings(papers)
    certificate, key = papers.issue(HOST, "localhost")
    named = {**settings["controller"]["internal"], "certificate": str(certificate), "key": str(key)}
    settings["controller"]["internal"] = named
    with serving(tmp_path_factory.mktemp("policy-server"), settings) as running:
        yield running


def add(client: Client, server: Server, policies: list[dict[str, Any]]) -> None:
    """By the external API, v0."""
    body = json.dumps({"policies": [without_tags(each) for each in policies]})
    done = client.curl("--data", body, f"{server.urls['external']}{POLICIES.replace('v1', 'v0')}")
    assert split_answer(done.stdout)[0] == 200, done.stdout


def test_examples_of_the_seed_give_what_it_shows(policy_server: Server, papers: Papers, agent_folder: Path) -> None:
    client = make_client(papers, ADMIN)
    for each in read_shown("all"):
        add(client, policy_server, [each])
    shown = [find_shown_part(each) for each in run_as_shown(agent_folder, policy_server, "")]
    assert in_order(shown) == in_order(read_shown("all"))
    for each in read_shown("filtered"):
        add(client, policy_server, [each])
    shown = [find_shown_part(each) for each in run_as_shown(agent_folder, policy_server, FILTER)]
    assert in_order(shown) == in_order(read_shown("filtered"))
