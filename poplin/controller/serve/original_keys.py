"""The keys of the original's configuration files, and what each must be (cf-control-plane §1.1, §2.1, §3.1)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

DRIVERS = {"postgres": "postgresql", "mysql": "mysql"}


class Rule(Struct, frozen=True):
    """What a key must be, and what the original's messages call it."""

    field: str
    kind: type
    least: int | None = None  # None: there and neither empty nor zero
    is_optional: bool = False


def needed(field: str, kind: type = str) -> Rule:
    """A key that must be there."""
    return Rule(field, kind)


def at_least(field: str, least: int) -> Rule:
    """A number."""
    return Rule(field, int, least)


def may(field: str, kind: type) -> Rule:
    """A key that may be absent or empty."""
    return Rule(field, kind, is_optional=True)


POOL = {
    "max_idle_connections": at_least("MaxIdleConnections", 0),
    "max_open_connections": at_least("MaxOpenConnections", 0),
    "connections_max_lifetime_seconds": at_least("MaxConnectionsLifetimeSeconds", 0),
}
BOTH = {
    "log_prefix": needed("LogPrefix"),
    "listen_host": needed("ListenHost"),
    "debug_server_host": needed("DebugServerHost"),
    "debug_server_port": needed("DebugServerPort", int),
    "database": needed("Database", dict),
    "tag_length": needed("TagLength", int),
    "metron_address": needed("MetronAddress"),
    "log_level": may("LogLevel", str),
    **POOL,
}
EXTERNAL = {
    **BOTH,
    "listen_port": needed("ListenPort", int),
    "uaa_client": needed("UAAClient"),
    "uaa_client_secret": needed("UAAClientSecret"),
    "uaa_url": needed("UAAURL"),
    "uaa_port": needed("UAAPort", int),
    "cc_url": needed("CCURL"),
    "uaa_ca": may("UAACA", str),
    "cc_ca_cert": may("CCCA", str),
    "skip_ssl_validation": may("SkipSSLValidation", bool),
    "enable_tls": may("EnableTLS", bool),
    "server_cert_file": may("ServerCertFile", str),
    "server_key_file": may("ServerKeyFile", str),
    "database_migration_timeout": at_least("DatabaseMigrationTimeout", 1),
    "cleanup_interval": at_least("CleanupInterval", 1),
    "max_policies": at_least("MaxPolicies", 1),
    "enable_space_developer_self_service": may("EnableSpaceDeveloperSelfService", bool),
    "allowed_cors_domains": may("AllowedCORSDomains", list),
}
INTERNAL = {
    **BOTH,
    "internal_listen_port": needed("InternalListenPort", int),
    "health_check_port": needed("HealthCheckPort", int),
    "ca_cert_file": needed("CACertFile"),
    "server_cert_file": needed("ServerCertFile"),
    "server_key_file": needed("ServerKeyFile"),
}
DATABASE = {
    "type": needed("Type"),
    "user": needed("User"),
    "host": needed("Host"),
    "port": needed("Port", int),
    "timeout": at_least("Timeout", 1),
    "password": may("Password", str),
    "database_name": may("DatabaseName", str),
    "require_ssl": may("RequireSSL", bool),
    "ca_cert": may("CACert", str),
    "skip_hostname_validation": may("SkipHostnameValidation", bool),
}


def choose_external(found: Mapping[str, Any]) -> dict[str, Rule]:
    """With TLS there must be a certificate, too."""
    files = {"server_cert_file": needed("ServerCertFile"), "server_key_file": needed("ServerKeyFile")}
    return EXTERNAL | files if found.get("enable_tls") else EXTERNAL


def find_mistakes(found: Mapping[str, Any], rules: Mapping[str, Rule], where: str) -> list[str]:
    """One line for each key that is not as it must be."""
    checked = [(rule, check(found.get(key), rule)) for key, rule in rules.items()]
    return [f"{text.format(where + rule.field)}" for rule, text in checked if text]


def check(value: Any, rule: Rule) -> str:
    """What is wrong with a value, with `{}` for its name; empty if nothing is."""
    is_right_kind = value is None or type(value) is rule.kind
    if not is_right_kind:
        return f"parsing config: {{}}: {json.dumps(value)[:60]} is no {rule.kind.__name__}"
    if rule.least is not None:
        return "invalid config: {}: less than min" if (value or 0) < rule.least else ""
    return "" if rule.is_optional or value else "invalid config: {}: zero value"


def find_driver_mistake(driver: object) -> list[str]:
    """Databases there are two of; what is no name at all is another mistake."""
    is_wrong = isinstance(driver, str) and driver and driver not in DRIVERS
    return [f"invalid config: unsupported driver: {driver}"] if is_wrong else []
