"""What means something to a database, a log, a terminal or a format, in all places of a request but its query.

No database hears of it, so these are tests with the embedded one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from controller.api_lab import make_v0, make_v1
from controller.capi import Capi
from controller.faults.evil import EVIL, HALF, KNOWN, LONG, escape, refuses, send, tempting, unharmed
from controller.faults.fleet import AGENTS, Visitor, as_body, visit
from controller.serve.server_lab import PATIENCE, POLICIES, Client, Papers, Server, make_client, make_settings
from controller.uaa import Uaa

NUMBERS = ("'", "1; DROP TABLE policies", "1e3", "0x10", "-1", "\u0661", "\0", "9" * 400, LONG)
WHOAMI = POLICIES.replace("policies", "whoami")
HEADERS = ("Authorization", "X-VCAP-Request-ID", "Origin", "User-Agent", "Cookie", "X-Forwarded-For")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, papers: Papers, uaa: Uaa, cloud: Capi) -> Iterator[Server]:
    settings = make_settings(papers, log_level="debug")
    with tempting(tmp_path_factory.mktemp("logs"), papers, uaa, cloud, settings) as running:
        yield running


@pytest.fixture
def admin(papers: Papers, server: Server) -> Iterator[Visitor]:
    with unharmed(papers, server) as visitor:
        yield visitor


# In bodies.


@pytest.mark.parametrize(("path", "make"), [(POLICIES, make_v1), (f"{POLICIES.replace('v1', 'v0')}/delete", make_v0)])
def test_in_a_policy_it_is_refused(admin: Visitor, path: str, make: Callable[..., object]) -> None:
    for text in EVIL:
        for source, destination, protocol in ((text, "other", "tcp"), ("known", text, "tcp"), ("known", "other", text)):
            wanted = make(source, destination, 80, protocol=protocol)
            assert refuses(send(admin, "POST", path, {"policies": [wanted]})), wanted


def test_as_a_body_it_is_refused(admin: Visitor) -> None:
    for text in EVIL:
        assert refuses(admin.ask("POST", POLICIES, content=text.encode(errors="surrogatepass"))), text
        assert refuses(send(admin, "POST", POLICIES, {"policies": text})), text


def test_as_a_tag_it_is_refused(admin: Visitor, server: Server, papers: Papers) -> None:
    with visit(papers, [server], "internal") as agent:
        for text in EVIL:
            for wanted in ({"id": text, "type": "router"}, {"id": "ROUTER", "type": text}):
                assert refuses(send(agent, "PUT", f"{AGENTS}/tags", wanted)), wanted


# In the rest of a request.


@pytest.mark.parametrize("name", ["from", "limit", "per_page"])
def test_for_a_number_it_is_refused(admin: Visitor, server: Server, papers: Papers, name: str) -> None:
    with visit(papers, [server], "internal") as agent:
        for text in NUMBERS:
            assert refuses(agent.ask("GET", f"{AGENTS}/security_groups?{name}={escape(text)}")), text


def test_in_a_path_it_is_nowhere(admin: Visitor) -> None:
    for text in EVIL:
        for path in (f"/networking/{escape(text)}/external/policies", f"{POLICIES}{escape(text)}"):
            assert admin.ask("GET", path).status_code in (404, 406), path


def test_in_headers_it_is_nobodys_token_and_stays_where_it_is(admin: Visitor, server: Server, papers: Papers) -> None:
    client = make_client(papers)
    for text in EVIL:
        head = ask_with_headers(client, server, text.encode(errors="surrogatepass"))
        assert head.split()[1] in (b"401", b"400"), text  # 400: no header can have it
        assert not any(line.startswith((b"forged", b"{")) for line in head.splitlines()), text


def ask_with_headers(client: Client, server: Server, value: bytes) -> bytes:
    """The head of the answer to a request that is written by hand, as no library sends such headers."""
    lines = [f"GET {POLICIES} HTTP/1.1".encode(), b"Host: localhost", b"Connection: close"]
    lines += [name.encode() + b": " + value for name in HEADERS]
    with client.connect(server.port("external")) as connection:
        connection.settimeout(PATIENCE)
        connection.sendall(b"\r\n".join((*lines, b"", b"")))
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    return answer.partition(b"\r\n\r\n")[0]


# In what the UAA says of a token.


def test_as_the_name_of_a_user_it_is_text(admin: Visitor, uaa: Uaa) -> None:
    for number, text in enumerate(EVIL):
        token = {"Authorization": f"Bearer named-{number}"}
        uaa.add_token(f"named-{number}", scope=["network.admin"], user_name=text)
        answer = admin.ask("POST", POLICIES, json=as_body([KNOWN]), headers=token)
        if text == HALF:
            assert answer.status_code == 401  # a UAA that says such a thing is not understood
        else:
            assert answer.status_code == 200, text
            assert admin.ask("GET", WHOAMI, headers=token).json() == {"subject": text}


def test_as_a_scope_it_is_text(admin: Visitor, uaa: Uaa) -> None:
    for number, text in enumerate(each for each in EVIL if each != HALF):
        uaa.add_token(f"scoped-{number}", scope=[text])
        said = admin.ask("GET", POLICIES, headers={"Authorization": f"Bearer scoped-{number}"})
        assert (said.status_code, text in said.json()["error"]) == (403, True), text
