"""`poplin policy list|add|remove` against a policy server, and against what is none."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from cli.test_json_shapes import differ, list_shapes
from controller.serve.server_lab import Server, make_client, make_papers, serving

HERE = {"listen": "127.0.0.1:0"}
SETTINGS = {
    "controller": {
        "external": HERE,
        "internal": HERE,
        "health_listen": "127.0.0.1:0",
        "debug_listen": "127.0.0.1:0",
    }
}
WEB_TO_DB = {"source": "web", "destination": "db", "protocol": "tcp", "start": 5432, "end": 5432}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With what is made for development."""
    with serving(tmp_path_factory.mktemp("controller"), SETTINGS) as running:
        yield running


@pytest.fixture
def policy(poplin: Any, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Runs `poplin policy VERB`, asking that server; afterwards there are no policies."""
    state = Path(server.files["ca"]).parents[2]
    monkeypatch.setenv("POPLIN_STATE_DIR", str(state))
    monkeypatch.delenv("POPLIN_TOKEN", raising=False)

    def run(verb: str, *arguments: str) -> Any:
        return poplin("policy", verb, *arguments, "--url", server.urls["external"])

    yield run
    for each in run("list", "--json").object["policies"]:
        ports = f"{each['start']}-{each['end']}"
        run("remove", each["source"], each["destination"], "--protocol", each["protocol"], "--port", ports)


def test_policy_comes_and_goes(policy: Any) -> None:
    done = policy("add", "web", "db", "--port", "5432")
    assert (done.status, done.output, done.errors) == (0, "", "")
    policy("add", "web", "cache", "--protocol", "udp", "--port", "8000-8010")
    assert policy("list").output == (
        "SOURCE  DESTINATION  PROTOCOL  PORTS\n"
        "web     cache        udp       8000-8010\n"
        "web     db           tcp       5432\n"
    )
    assert policy("list", "db", "--json").object == {"version": 1, "policies": [WEB_TO_DB]}
    done = policy("remove", "web", "db", "--port", "5432")
    assert (done.status, done.output, done.errors) == (0, "", "")
    assert policy("list", "db", "--json").object["policies"] == []


def test_shapes_are_those_of_the_help(policy: Any) -> None:
    for verb in ("add", "list", "remove"):
        arguments = [] if verb == "list" else ["web", "db", "--port", "5432"]
        shape, failure = list_shapes(f"policy {verb}")
        assert differ(shape, policy(verb, *arguments, "--json").object) == []
        if verb == "remove":
            assert differ(failure, policy(verb, *arguments, "--json").object) == []


def test_removing_what_is_not_there_is_said(policy: Any) -> None:
    policy("add", "web", "db", "--port", "5000-6000")
    done = policy("remove", "web", "db", "--port", "5432")
    assert done.status == 3
    wanted = "poplin policy remove: there is no policy from web to db, tcp 5432; `poplin policy list web` shows"
    assert done.errors == f"{wanted} those there are\n"


def test_what_the_server_says_is_shown(policy: Any, server: Server) -> None:
    done = policy("add", "a b", "db", "--port", "1")
    assert done.status == 1
    assert done.errors.startswith(
        f"poplin policy add: {server.urls['external']}: status 400: mapper: validate policies"
    )


def test_who_is_not_let_in_is_told_what_to_do(policy: Any, server: Server, tmp_path: Path) -> None:
    done = policy("list", "--token-file", str(write(tmp_path / "token", "x")))
    assert done.status == 4
    said = "status 401: missing client certificate; give --cert and --key, or --token-file, of somebody who may"
    assert done.errors == f"poplin policy list: {server.urls['external']}: {said}\n"


def write(path: Path, text: str) -> Path:
    """A file."""
    path.write_text(text)
    return path


def test_server_that_is_not_believed_is_a_failure(policy: Any, tmp_path: Path) -> None:
    done = policy("list", "--ca", str(make_papers(tmp_path / "papers").ca))
    assert (done.status, "CERTIFICATE_VERIFY_FAILED" in done.errors) == (1, True)


def test_files_that_cannot_be_used_are_named(policy: Any, tmp_path: Path) -> None:
    done = policy("list", "--cert", "/none.crt", "--key", "/none.key")
    assert (done.status, "/none.crt or /none.key" in done.errors) == (1, True)
    client = make_client(make_papers(tmp_path / "papers"))
    done = policy("list", "--cert", str(client.certificate), "--key", str(client.ca))
    assert (done.status, str(client.certificate) in done.errors) == (1, True)


@pytest.mark.parametrize("token", ["t\u00f6ken", "two\nlines"])
def test_token_that_is_none_is_one_line(policy: Any, tmp_path: Path, token: str) -> None:
    path = write(tmp_path / "token", token)
    done = policy("list", "--token-file", str(path))
    assert (done.status, done.errors.startswith(f"poplin policy list: {path}: this is no token")) == (1, True)


@pytest.mark.parametrize("option", ["--token-file", "--cert", "--ca"])
def test_folder_in_place_of_a_file_is_named(policy: Any, tmp_path: Path, option: str) -> None:
    done = policy("list", "--json", option, str(tmp_path))
    assert (done.status, str(tmp_path) in done.errors, done.errors.endswith(": Is a directory\n")) == (1, True, True)
    assert differ(list_shapes("policy list")[1], done.object) == []


def test_server_that_is_not_there_is_a_failure(poplin: Any, policy: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    done = poplin("policy", "list", "--url", f"https://localhost:{port}", "--json")
    assert done.status == 1
    assert done.errors.endswith("is the policy server there?\n")
    assert differ(list_shapes("policy list")[1], done.object) == []


@pytest.mark.parametrize("port", ["0", "65536", "9-8", "x", "1-2-3", "-", "\u0661"])
def test_port_that_is_none_is_a_mistake_of_the_caller(poplin: Any, port: str) -> None:
    done = poplin("policy", "add", "web", "db", f"--port={port}")
    assert (done.status, "is no port from 1 to 65535" in done.errors) == (2, True)


@pytest.mark.parametrize(
    "arguments", [("policy", "list"), ("controller",), ("controller", "check-config"), ("controller", "migrate")]
)
def test_without_the_extra_one_line_says_how_to_get_it(
    poplin: Any, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    real = find_spec
    hidden = {"uvicorn", "httpx"}
    monkeypatch.setattr("poplin.cli.controller_extra.find_spec", lambda name: None if name in hidden else real(name))
    done = poplin(*arguments)
    assert (done.status, done.output) == (1, "")
    assert done.errors == f"poplin {' '.join(arguments)}: needs httpx, uvicorn; run pip install 'poplin[controller]'\n"
    assert "poplin.cli.controller_extra" in sys.modules


def test_configuration_is_checked(poplin: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POPLIN_STATE_DIR", str(tmp_path))
    good = write(tmp_path / "good.toml", '[controller]\nlog_level = "debug"\n')
    bad = write(tmp_path / "bad.toml", "[controller]\nlog_levle = 1\nmax_policies = 0\n")
    done = poplin("controller", "check-config", "--config-file", str(good))
    assert (done.status, done.output) == (0, f"{good}: nothing is wrong\n")
    done = poplin("controller", "check-config", "--config-file", str(bad), "--json")
    assert (done.status, len(done.object["mistakes"]), done.object["file"]) == (1, 2, str(bad))
    assert differ(list_shapes("controller check-config")[0], done.object) == []
    assert done.errors.splitlines() == [f"poplin controller check-config: {each}" for each in done.object["mistakes"]]


def test_those_whom_it_needs_are_asked(poplin: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POPLIN_STATE_DIR", str(tmp_path))
    file = write(tmp_path / "poplin.toml", "")
    assert poplin("controller", "migrate", "--config-file", str(file)).status == 0
    assert poplin("controller", "check-config", "--connect", "--config-file", str(file)).status == 0
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    file.write_text(
        f'[database]\nurl = "postgresql://u@127.0.0.1:{port}/d"\n'
        f'[uaa]\nurl = "https://127.0.0.1:{port}"\nclient = "c"\nclient_secret = "s"\n'
        f'[cc]\nurl = "https://127.0.0.1:{port}"\n'
    )
    file.chmod(0o600)
    done = poplin("controller", "check-config", "--connect", "--json", "--config-file", str(file))
    assert (done.status, [each.partition(":")[0] for each in done.object["mistakes"]]) == (1, ["database", "uaa"])


def test_ready_line_has_the_shape_of_the_help(server: Server) -> None:
    files = dict(zip(("ca", "certificate", "key"), server.files.values(), strict=True))
    listeners = [{"name": name, "url": url} for name, url in server.urls.items()]
    ready = {"version": 1, "listeners": listeners, "certificates": files}
    assert differ(list_shapes("controller")[0], json.loads(json.dumps(ready))) == []
