"""What the policy server can be told, as records: the tables of /etc/poplin/poplin.toml, and what holds without them.

Times are in seconds. Addresses are `HOST:PORT` or `[HOST]:PORT`; port 0 is one the kernel picks, an empty address means
that nobody listens there.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Scope = Literal["network.admin", "network.write"]
Level = Literal["debug", "info", "error", "fatal"]
ADDRESSES = "HOST:PORT or [HOST]:PORT, or empty for nobody"
Address = Annotated[str, Meta(pattern=r"^(|(\[[0-9A-Fa-f:.]+\]|[^:\[\]\s]+):\d{1,5})$", description=ADDRESSES)]
Seconds = Annotated[float, Meta(gt=0, le=86400)]
Count = Annotated[int, Meta(ge=0)]


class Listener(Struct, frozen=True, kw_only=True):
    """One API. Without certificates it gets those made for development, and listens on this machine alone."""

    listen: Address | None = None  # None: the usual port
    certificate: str = ""  # PEM, with the chain
    key: str = ""
    client_ca: str = ""  # PEM; whose certificates clients may show
    tls: bool = True


class Holder(Struct, frozen=True, kw_only=True):
    """What the name of a client certificate stands for."""

    scopes: tuple[Scope, ...]


class Limits(Struct, frozen=True, kw_only=True):
    """How long a client may take over each step, and how much it may hold."""

    handshake: Seconds = 10.0
    head: Seconds = 20.0  # from the connection, or from the first byte after a request, to the end of the headers
    body_pause: Seconds = 20.0  # between two bytes
    body: Seconds = 120.0  # for all of it
    answer: Seconds = 120.0  # to take what we send
    keep_alive: Seconds = 75.0  # between two requests
    drain: Seconds = 60.0  # for the requests that run when we are told to stop
    connections: Annotated[int, Meta(ge=1)] = 2000  # of each listener
    head_bytes: Annotated[int, Meta(ge=1024, le=1 << 20)] = 65536


class ControllerSettings(Struct, frozen=True, kw_only=True):
    """`[controller]`."""

    external: Listener = Listener()
    internal: Listener = Listener()
    health_listen: Address = "127.0.0.1:31946"
    debug_listen: Address = "127.0.0.1:31821"
    certificates: dict[str, Holder] = {}
    tag_length: Annotated[int, Meta(ge=1, le=3)] = 2  # bytes
    tag_quarantine_seconds: Annotated[float, Meta(ge=0)] = 30.0
    max_policies: Annotated[int, Meta(ge=1)] = 150  # of one source app, for those who are no admins
    cleanup_interval: Annotated[float, Meta(ge=1)] = 3600.0
    allowed_cors_domains: tuple[str, ...] = ()
    enable_space_developer_self_service: bool = False
    log_level: Level = "info"
    log_source: Annotated[str, Meta(min_length=1)] = "poplin.controller"
    limits: Limits = Limits()


class DatabaseSettings(Struct, frozen=True, kw_only=True):
    """`[database]`. Without a url it is SQLite in the folder of our state."""

    url: str = ""  # sqlite:///PATH, postgresql://USER@HOST/NAME, mysql://USER@HOST/NAME
    password_file: str = ""
    max_open_connections: Count = 200
    max_idle_connections: Count = 10
    connections_max_lifetime_seconds: Count = 3600
    start_timeout: Seconds = 120.0  # to wait for it when we start
    connect_timeout: Seconds = 5.0
    answer_timeout: Seconds = 30.0  # of one statement


class UaaFile(Struct, frozen=True, kw_only=True):
    """`[uaa]`: who issues tokens. Without it, clients show certificates that `[controller.certificates]` names."""

    url: Annotated[str, Meta(pattern="^https?://")]
    client: Annotated[str, Meta(min_length=1)]
    client_secret: str = ""
    client_secret_file: str = ""
    verify: Literal["keys", "check_token"] = "check_token"
    issuer: str = ""
    audience: str = ""
    opaque: bool = False  # with `keys`: ask about tokens that are not signed
    cache_seconds: Annotated[float, Meta(ge=0)] = 10.0  # how long the UAA's word about a token is believed
    ca: str = ""  # PEM; empty: the system's roots
    skip_ssl_validation: bool = False


class CloudFile(Struct, frozen=True, kw_only=True):
    """`[cc]`: who knows apps and spaces. Without it nothing is cleaned up and only network.admin changes policies."""

    url: Annotated[str, Meta(pattern="^https?://")]
    ca: str = ""
    unknown_apps_limit: Count = 0  # cleanup refuses if the Cloud Controller knows none of more apps than these


class Settings(Struct, frozen=True, kw_only=True):
    """The file."""

    controller: ControllerSettings = ControllerSettings()
    database: DatabaseSettings = DatabaseSettings()
    uaa: UaaFile | None = None
    cc: CloudFile | None = None
