"""The policy server as the verbs `poplin policy ...` see it: where it is, who we are, and what it answers."""

from __future__ import annotations

import argparse
import os
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poplin.cli.controller_state import state_folder
from poplin.spec.record import Record

if TYPE_CHECKING:
    import httpx

USUAL_URL = "https://localhost:4002"
URL, TOKEN = "POPLIN_CONTROLLER", "POPLIN_TOKEN"  # of the environment
API = "/networking/v1/external/policies"
PROTOCOLS = ("tcp", "udp")
LONGEST_WAIT = 30.0  # seconds
DENIED = (401, 403)


class Policy(Record):
    """Who may reach which ports of whom."""

    __slots__ = ("destination", "end", "protocol", "source", "start")

    def __init__(self, source: str, destination: str, protocol: str, start: int, end: int) -> None:
        self.source = source
        self.destination = destination
        self.protocol = protocol
        self.start = start
        self.end = end

    @property
    def ports(self) -> str:
        """`8080` or `8080-8090`."""
        return str(self.start) if self.start == self.end else f"{self.start}-{self.end}"


class PolicyError(Exception):
    """The server did not do it: what it said, and what to do."""


class Denied(PolicyError):
    """The server does not know us, or does not let us."""


class PolicyClient:
    """Talks to one server, in a `with`. Every method raises PolicyError."""

    def __init__(self, http: httpx.Client, url: str) -> None:
        self._http = http
        self._url = url

    def __enter__(self) -> PolicyClient:
        return self

    def __exit__(self, *error: object) -> None:
        self._http.close()

    def list(self, ids: Sequence[str] = ()) -> Sequence[Policy]:
        """Those with one of the ids on either side; all without any."""
        query = {"id": ",".join(ids)} if ids else {}
        try:
            return [read_policy(each) for each in self._ask("GET", "", params=query)["policies"]]
        except (KeyError, TypeError, ValueError) as error:
            raise PolicyError(f"{self._url}: the answer lists no policies; is this a policy server?") from error

    def add(self, policy: Policy) -> None:
        """Have it."""
        self._ask("POST", "", json={"policies": [as_wire(policy)]})

    def remove(self, policy: Policy) -> None:
        """Have it no longer."""
        self._ask("POST", "/delete", json={"policies": [as_wire(policy)]})

    def _ask(self, method: str, path: str, **what: Any) -> Any:
        """The body of the answer."""
        import httpx

        try:
            answer = self._http.request(method, f"{self._url}{API}{path}", **what)
            body = answer.json()
        except httpx.HTTPError as error:
            raise PolicyError(f"{self._url}: {error or type(error).__name__}; is the policy server there?") from error
        except ValueError as error:
            raise PolicyError(f"{self._url}: status {answer.status_code} without JSON; no policy server?") from error
        if answer.is_success:
            return body
        text = body.get("error", "") if isinstance(body, dict) else ""
        raise make_error(self._url, answer.status_code, text)


def make_error(url: str, status: int, text: str) -> PolicyError:
    """What a status means and what to do about it."""
    said = f"{url}: status {status}: {text or 'no reason given'}"
    if status in DENIED:
        return Denied(f"{said}; give --cert and --key, or --token-file, of somebody who may")
    if status >= 500:
        return PolicyError(f"{said}; the log of the policy server says more")
    return PolicyError(said)


def add_client_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the server is and who we are."""
    parser.add_argument("--url", default=os.environ.get(URL) or USUAL_URL, help=f"or {URL} (default {USUAL_URL})")
    parser.add_argument("--ca", metavar="FILE", default="", help="whom to believe that it is the server")
    parser.add_argument("--cert", metavar="FILE", default="", help="our certificate")
    parser.add_argument("--key", metavar="FILE", default="", help="its key")
    parser.add_argument("--token-file", metavar="FILE", default="", help=f"a token of the UAA; or {TOKEN} is the token")
    parser.add_argument("--json", action="store_true", help="for programs")


def add_policy_arguments(parser: argparse.ArgumentParser) -> None:
    """Which policy, and all of the above."""
    parser.add_argument("source", metavar="SOURCE", help="the id of the app that opens connections")
    parser.add_argument("destination", metavar="DESTINATION", help="the id of the app that accepts them")
    parser.add_argument("--protocol", choices=PROTOCOLS, default=PROTOCOLS[0], help="default %(default)s")
    parser.add_argument("--port", metavar="PORT[-LAST]", type=ports, required=True, help="of the destination")
    add_client_arguments(parser)


def ports(text: str) -> tuple[int, int]:
    """One port or a range."""
    first, dash, last = text.partition("-")
    numbers = [int(each) if each.isascii() and each.isdigit() else 0 for each in (first, last if dash else first)]
    if not 1 <= numbers[0] <= numbers[1] <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 1 to 65535, and no range as 8080-8090")
    return numbers[0], numbers[1]


def policy_of(options: argparse.Namespace) -> Policy:
    """The one that was named."""
    return Policy(options.source, options.destination, options.protocol, *options.port)


def make_client(options: argparse.Namespace) -> PolicyClient:
    """By the options; what they leave open is that of the development controller here. Raises PolicyError."""
    import httpx

    token = read_token(options.token_file)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    http = httpx.Client(verify=make_trust(options, token), headers=headers, timeout=LONGEST_WAIT, trust_env=False)
    return PolicyClient(http, options.url.rstrip("/"))


def read_token(path: str) -> str:
    """Of the file, else of the environment; empty if there is none. Raises PolicyError."""
    try:
        token = Path(path).read_text().strip() if path else os.environ.get(TOKEN, "")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path}: {getattr(error, 'strerror', 'no token')}") from error
    if not (token.isascii() and token.isprintable()):
        raise PolicyError(f"{path or TOKEN}: this is no token, which is one line of letters and digits")
    return token


def make_trust(options: argparse.Namespace, token: str) -> ssl.SSLContext:
    """Whom to believe, and who we are."""
    made = state_folder() / "certificates"
    has_made = (made / "client.crt").exists()
    ca = options.ca or (str(made / "ca.crt") if has_made else "")
    is_named = bool(options.cert or token)
    cert, key = (options.cert, options.key) if is_named else (str(made / "client.crt"), str(made / "client.key"))
    try:
        context = ssl.create_default_context(cafile=ca or None)
        if cert and (options.cert or has_made):
            context.load_cert_chain(cert, key or None)
    except ssl.SSLError as error:
        raise PolicyError(f"no use can be made of {ca}, {cert}, {key}: {error.reason or error}") from error
    except OSError as error:
        named = " or ".join(filter(None, (ca, cert, key)))
        raise PolicyError(f"cannot read {named}: {error.strerror}") from error
    return context


def read_policy(item: Any) -> Policy:
    """From the shape of the API, v1."""
    destination = item["destination"]
    range_ = destination["ports"]
    return Policy(
        item["source"]["id"], destination["id"], destination["protocol"], int(range_["start"]), int(range_["end"])
    )


def as_wire(policy: Policy) -> dict[str, Any]:
    """In the shape of the API, v1."""
    range_ = {"start": policy.start, "end": policy.end}
    destination = {"id": policy.destination, "protocol": policy.protocol, "ports": range_}
    return {"source": {"id": policy.source}, "destination": destination}


def as_object(policy: Policy) -> dict[str, object]:
    """For --json."""
    return {each: getattr(policy, each) for each in ("source", "destination", "protocol", "start", "end")}
