"""Configuration files of the original's two servers, policy-server and policy-server-internal, read as ours.

The keys, which of them are needed, and what is said of a mistake are those of cf-control-plane §1.1, §2.1 and §3.1;
unknown keys are ignored, as there. What only the original needs (metron_address) must be there and is of no effect.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct

from poplin.controller.serve.original_keys import (
    DATABASE,
    DRIVERS,
    INTERNAL,
    POOL,
    choose_external,
    find_driver_mistake,
    find_mistakes,
)
from poplin.controller.serve.settings import (
    CloudFile,
    ControllerSettings,
    DatabaseSettings,
    Level,
    Listener,
    Settings,
    UaaFile,
)

OFF = ""
USUAL_PREFIX = "cfnetworking"
LEVELS: dict[str, Level] = {"debug": "debug", "info": "info", "error": "error", "fatal": "fatal"}


class Original(Struct, frozen=True):
    """A file of the original's: whose it is, what it says, what is wrong with it. No settings after a mistake."""

    prefix: str  # `cfnetworking.policy-server`
    settings: Settings | None
    mistakes: tuple[str, ...]  # `invalid config: TagLength: zero value`


def read_original(text: str) -> Original:
    """Tell which server it is for by `internal_listen_port`."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        return Original(f"{USUAL_PREFIX}.policy-server", None, (f"parsing config: {error}",))
    if not isinstance(found, dict):
        return Original(f"{USUAL_PREFIX}.policy-server", None, ("parsing config: it is no JSON object",))
    is_internal = "internal_listen_port" in found or "health_check_port" in found
    prefix = f"{found.get('log_prefix') or USUAL_PREFIX}.policy-server{'-internal' if is_internal else ''}"
    mistakes = find_mistakes(found, INTERNAL if is_internal else choose_external(found), "")
    if isinstance(found.get("database"), dict):
        mistakes += find_mistakes(found["database"], DATABASE, "Database.")
        mistakes += find_driver_mistake(found["database"].get("type"))
    if mistakes:
        return Original(prefix, None, tuple(mistakes))
    make = make_internal if is_internal else make_external
    try:  # the limits that we have and the original has not
        return Original(prefix, msgspec.convert(msgspec.to_builtins(make(found, prefix)), Settings), ())
    except msgspec.ValidationError as error:
        return Original(prefix, None, (f"invalid config: {error}",))


def make_external(found: Mapping[str, Any], prefix: str) -> Settings:
    """Of policy-server."""
    listener = Listener(
        listen=make_address(found["listen_host"], found["listen_port"]),
        certificate=found.get("server_cert_file") or "",
        key=found.get("server_key_file") or "",
        tls=bool(found.get("enable_tls")),
    )
    controller = ControllerSettings(
        external=listener,
        internal=Listener(listen=OFF),
        health_listen=OFF,
        debug_listen=make_address(found["debug_server_host"], found["debug_server_port"]),
        tag_length=found["tag_length"],
        max_policies=found["max_policies"],
        cleanup_interval=found["cleanup_interval"],
        allowed_cors_domains=tuple(found.get("allowed_cors_domains") or ()),
        enable_space_developer_self_service=bool(found.get("enable_space_developer_self_service")),
        log_level=LEVELS.get(found.get("log_level") or "", "info"),
        log_source=prefix,
    )
    uaa = UaaFile(
        url=f"{found['uaa_url']}:{found['uaa_port']}",
        client=found["uaa_client"],
        client_secret=found["uaa_client_secret"],
        ca=found.get("uaa_ca") or "",
        skip_ssl_validation=bool(found.get("skip_ssl_validation")),
    )
    cloud = CloudFile(url=found["cc_url"], ca=found.get("cc_ca_cert") or "")
    return Settings(controller=controller, database=make_database(found), uaa=uaa, cc=cloud)


def make_internal(found: Mapping[str, Any], prefix: str) -> Settings:
    """Of policy-server-internal."""
    listener = Listener(
        listen=make_address(found["listen_host"], found["internal_listen_port"]),
        certificate=found["server_cert_file"],
        key=found["server_key_file"],
        client_ca=found["ca_cert_file"],
    )
    controller = ControllerSettings(
        external=Listener(listen=OFF),
        internal=listener,
        health_listen=make_address("127.0.0.1", found["health_check_port"]),
        debug_listen=make_address(found["debug_server_host"], found["debug_server_port"]),
        tag_length=found["tag_length"],
        log_level=LEVELS.get(found.get("log_level") or "", "info"),
        log_source=prefix,
    )
    return Settings(controller=controller, database=make_database(found))


def make_database(found: Mapping[str, Any]) -> DatabaseSettings:
    """Of either; a pool limit of 0 is the original's word for none, and so is ours."""
    limits = {key: found[key] for key in POOL if found.get(key)}
    usual, timeout = DatabaseSettings(), float(found["database"]["timeout"])
    return DatabaseSettings(
        url=make_url(found["database"]),
        start_timeout=timeout,
        connect_timeout=min(timeout, usual.connect_timeout),
        answer_timeout=min(timeout, usual.answer_timeout),
        **limits,
    )


def make_url(database: Mapping[str, Any]) -> str:
    """`postgresql://user:password@host:port/name?sslmode=verify-full`, with the options of the driver."""
    user, password = quote(database["user"], safe=""), quote(database.get("password") or "", safe="")
    name = quote(database.get("database_name") or "", safe="")
    place = make_address(database["host"], database["port"])
    options = urlencode(TLS_OPTIONS[database["type"]](database))
    return f"{DRIVERS[database['type']]}://{user}:{password}@{place}/{name}{'?' if options else ''}{options}"


def postgres_options(database: Mapping[str, Any]) -> dict[str, str]:
    """As the original: no TLS, any certificate, or one of the CA for this host."""
    if not database.get("require_ssl"):
        return {"sslmode": "disable"}
    if database.get("skip_hostname_validation"):
        return {"sslmode": "require"}
    return {"sslmode": "verify-full", "sslrootcert": database.get("ca_cert") or "system"}


def mysql_options(database: Mapping[str, Any]) -> dict[str, str]:
    """As the original: no TLS, or one of the CA, for this host or any.

    PyMySQL's `ssl_verify_cert` and `ssl_verify_identity` will not do: with them it forgets the CA of a URL.
    """
    if not database.get("require_ssl"):
        return {}
    system = ssl.get_default_verify_paths().openssl_capath
    trust = {"ssl_ca": database["ca_cert"]} if database.get("ca_cert") else {"ssl_capath": system}
    return {**trust, "ssl_check_hostname": "false" if database.get("skip_hostname_validation") else "true"}


TLS_OPTIONS = {"postgres": postgres_options, "mysql": mysql_options}


def make_address(host: str, port: int) -> str:
    """`[::1]:4002`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
