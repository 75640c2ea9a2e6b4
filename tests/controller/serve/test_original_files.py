"""The original's configuration files (cf-control-plane §1.1, §2.1, §3.1)."""

from __future__ import annotations

import json
import ssl
from pathlib import Path
from typing import Any

import pymysql
import pytest
from controller.serve.server_lab import Papers

from poplin.controller.serve.configuration import BadConfiguration, load
from poplin.controller.serve.original import make_url, read_original
from poplin.controller.serve.settings import Settings
from poplin.controller.store import Pool
from poplin.controller.store.engine import make_engine

DATABASE = {"type": "postgres", "user": "u", "password": "p/w", "host": "db", "port": 5432, "timeout": 5}
BOTH = {
    "listen_host": "0.0.0.0",
    "log_prefix": "cfnetworking",
    "debug_server_host": "127.0.0.1",
    "debug_server_port": 31821,
    "database": {**DATABASE, "database_name": "policies"},
    "tag_length": 2,
    "metron_address": "127.0.0.1:3457",
}
EXTERNAL = {
    **BOTH,
    "listen_port": 4002,
    "uaa_client": "network-policy",
    "uaa_client_secret": "secret",
    "uaa_url": "https://uaa.service.cf.internal",
    "uaa_port": 8443,
    "cc_url": "https://api.example.org",
    "database_migration_timeout": 600,
    "cleanup_interval": 60,
    "max_policies": 150,
}
INTERNAL = {
    **BOTH,
    "internal_listen_port": 4003,
    "health_check_port": 31946,
    "ca_cert_file": "/ca",
    "server_cert_file": "/crt",
    "server_key_file": "/key",
}
FIELDS = {
    "listen_host": "ListenHost",
    "listen_port": "ListenPort",
    "log_prefix": "LogPrefix",
    "debug_server_host": "DebugServerHost",
    "debug_server_port": "DebugServerPort",
    "database": "Database",
    "tag_length": "TagLength",
    "metron_address": "MetronAddress",
    "uaa_client": "UAAClient",
    "uaa_client_secret": "UAAClientSecret",
    "uaa_url": "UAAURL",
    "uaa_port": "UAAPort",
    "cc_url": "CCURL",
    "internal_listen_port": "InternalListenPort",
    "health_check_port": "HealthCheckPort",
    "ca_cert_file": "CACertFile",
    "server_cert_file": "ServerCertFile",
    "server_key_file": "ServerKeyFile",
}
AT_LEAST_ONE = {
    "cleanup_interval": "CleanupInterval",
    "max_policies": "MaxPolicies",
    "database_migration_timeout": "DatabaseMigrationTimeout",
}


def read(found: dict[str, Any]) -> Settings:
    """The settings of a file without a mistake."""
    read = read_original(json.dumps(found))
    assert read.mistakes == ()
    assert read.settings is not None
    return read.settings


@pytest.mark.facts("cf-control-plane", 161)
@pytest.mark.parametrize(
    ("whole", "key"), [(whole, key) for whole in (EXTERNAL, INTERNAL) for key in FIELDS if key in whole]
)
def test_key_that_is_needed_and_missing_is_named_as_the_original_does(whole: dict[str, Any], key: str) -> None:
    for lacking in ({**whole, key: None}, {name: value for name, value in whole.items() if name != key}):
        assert read_original(json.dumps(lacking)).mistakes == (f"invalid config: {FIELDS[key]}: zero value",)


@pytest.mark.facts("cf-control-plane", 162)
@pytest.mark.parametrize("key", AT_LEAST_ONE)
def test_number_that_is_too_small_is_named_as_the_original_does(key: str) -> None:
    said = (f"invalid config: {AT_LEAST_ONE[key]}: less than min",)
    assert read_original(json.dumps({**EXTERNAL, key: 0})).mistakes == said


@pytest.mark.facts("cf-control-plane", 163)
@pytest.mark.parametrize("key", ["max_idle_connections", "max_open_connections", "connections_max_lifetime_seconds"])
def test_negative_pool_is_a_mistake(key: str) -> None:
    [said] = read_original(json.dumps({**INTERNAL, key: -1})).mistakes
    assert said.endswith("less than min")


@pytest.mark.facts("cf-control-plane", 164)
@pytest.mark.parametrize("key", ["password", "database_name"])
def test_password_and_name_of_the_database_may_be_absent(key: str) -> None:
    database = {name: value for name, value in BOTH["database"].items() if name != key}  # type: ignore[attr-defined]
    assert read({**EXTERNAL, "database": database}).database.url.startswith("postgresql://u:")


def test_policy_server_becomes_the_external_api_alone() -> None:
    settings = read({**EXTERNAL, "allowed_cors_domains": ["https://a"], "unknown": 1, "max_open_connections": 20})
    controller = settings.controller
    assert (controller.external.listen, controller.external.tls) == ("0.0.0.0:4002", False)
    assert (controller.internal.listen, controller.health_listen) == ("", "")
    assert (controller.log_source, controller.allowed_cors_domains) == ("cfnetworking.policy-server", ("https://a",))
    assert settings.uaa is not None and settings.uaa.url == "https://uaa.service.cf.internal:8443"
    assert settings.database.url == "postgresql://u:p%2Fw@db:5432/policies?sslmode=disable"
    assert (settings.database.max_open_connections, settings.database.start_timeout) == (20, 5)


def test_policy_server_internal_becomes_the_internal_api_alone() -> None:
    controller = read(INTERNAL).controller
    assert (controller.internal.listen, controller.external.listen) == ("0.0.0.0:4003", "")
    assert (controller.internal.client_ca, controller.health_listen) == ("/ca", "127.0.0.1:31946")
    assert controller.log_source == "cfnetworking.policy-server-internal"


@pytest.mark.parametrize(
    ("more", "options"),
    [
        ({"require_ssl": True, "skip_hostname_validation": True}, "?sslmode=require"),
        ({"require_ssl": True, "ca_cert": "/ca"}, "?sslmode=verify-full&sslrootcert=%2Fca"),
        ({"type": "mysql"}, ""),
        (
            {"type": "mysql", "require_ssl": True, "ca_cert": "/ca"},
            "?ssl_ca=%2Fca&ssl_check_hostname=true",
        ),
    ],
)
def test_tls_to_the_database_is_that_of_the_driver(more: dict[str, Any], options: str) -> None:
    assert make_url({**DATABASE, "database_name": "d", **more}).partition("/d")[2].endswith(options)


def trust_of(database: dict[str, Any]) -> ssl.SSLContext:
    """Whom PyMySQL believes for this database."""
    engine = make_engine(make_url(database), Pool())
    _, options = engine.dialect.create_connect_args(engine.url)
    connection: Any = pymysql.Connection(defer_connect=True, **options)
    trust: ssl.SSLContext = connection.ctx
    return trust


@pytest.mark.parametrize("skips", [False, True])
def test_tls_to_mysql_believes_the_ca_alone_and_looks_at_the_host(papers: Papers, skips: bool) -> None:
    more = {"type": "mysql", "require_ssl": True, "ca_cert": str(papers.ca), "skip_hostname_validation": skips}
    trust = trust_of({**DATABASE, **more})
    assert (trust.verify_mode, trust.check_hostname) == (ssl.CERT_REQUIRED, not skips)
    assert len(trust.get_ca_certs()) == 1


def test_tls_to_mysql_without_a_ca_believes_the_system() -> None:
    trust = trust_of({**DATABASE, "type": "mysql", "require_ssl": True})
    assert (trust.verify_mode, trust.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_driver_that_nobody_knows_is_a_mistake() -> None:
    found = {**EXTERNAL, "database": {**DATABASE, "type": "oracle"}}
    assert read_original(json.dumps(found)).mistakes == ("invalid config: unsupported driver: oracle",)


def test_driver_that_is_no_name_is_a_mistake() -> None:
    found = {**EXTERNAL, "database": {**DATABASE, "type": ["mysql"]}}
    assert read_original(json.dumps(found)).mistakes == ('parsing config: Database.Type: ["mysql"] is no str',)


def test_mistakes_are_told_after_the_name_of_the_server(tmp_path: Path) -> None:
    path = tmp_path / "policy-server.json"
    path.write_text(json.dumps({**EXTERNAL, "log_prefix": "net", "tag_length": 0, "max_policies": 0}))
    with pytest.raises(BadConfiguration) as caught:
        load(str(path))
    wrong = "net.policy-server: could not read config file: invalid config: "
    assert caught.value.mistakes == (f"{wrong}TagLength: zero value", f"{wrong}MaxPolicies: less than min")


@pytest.mark.parametrize("text", ["{", "[]", '"a"'])
def test_file_that_is_no_json_object_is_a_mistake(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(BadConfiguration, match="could not read config file: parsing config: "):
        load(str(tmp_path / "a.json"))
