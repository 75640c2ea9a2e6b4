"""/etc/poplin/poplin.toml: what it may say, and that every mistake is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from controller.serve.server_lab import Papers, make_settings, to_toml

from poplin.controller.serve.configuration import BadConfiguration, Configuration, load
from poplin.controller.serve.database import make_url
from poplin.controller.serve.neighbours import find_silent
from poplin.controller.serve.settings import DatabaseSettings, Settings
from poplin.controller.store.engine import parse_url


def write(folder: Path, text: str, mode: int = 0o600) -> str:
    """A configuration file."""
    path = folder / "poplin.toml"
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def find_mistakes(folder: Path, text: str, mode: int = 0o600) -> list[str]:
    """What is said of such a file, without its name."""
    path = write(folder, text, mode)
    with pytest.raises(BadConfiguration) as caught:
        load(path)
    return [each.removeprefix(f"{path}: ") for each in caught.value.mistakes]


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    text = '[controler]\n[controller]\ntag_lenght = 2\nmax_policies = 0\nlog_level = "loud"\n[uaa]\nurl = "uaa"\n'
    assert find_mistakes(tmp_path, text) == [
        "controler: there is no such key; did you mean 'controller'?",
        "controller.tag_lenght: there is no such key; did you mean 'tag_length'?",
        "controller.max_policies: 0 will not do: Expected int >= 1",
        "controller.log_level: 'loud' will not do: Invalid enum value 'loud'",
        "uaa.url: 'uaa' will not do: Expected str matching regex '^https?://'",
        "uaa.client: it is missing and needed",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[controller]\nexternal = 1", "controller.external: 1 will not do: Expected object, got int"),
        ('[controller]\nhealth_listen = "4003"', "controller.health_listen: '4003' will not do: HOST:PORT or "),
        ("[controller.external]\nlisten = 4003", "controller.external.listen: 4003 will not do: HOST:PORT or "),
        ('[controller]\nexternal.listen = ""\ninternal.listen = ""', "controller: both external.listen and internal."),
        ('[controller]\nhealth_listen = "a:70000"', "controller.health_listen: 'a:70000' has a port above 65535"),
        ('[controller.certificates.a]\nscopes = ["all"]', "controller.certificates.a.scopes: ['all'] will not do: "),
        ("[controller.limits]\nhead = 0", "controller.limits.head: 0 will not do: Expected float > 0.0"),
        ("[controller.external]\ntls = false", "controller.external.tls: without TLS nobody can show a certificate"),
        ("[controller.internal]\ntls = false", "controller.internal.tls: it cannot be switched off"),
        ('[controller.external]\ncertificate = "a"\nclient_ca = "b"', "controller.certificates: without [uaa] it says"),
        ('[cc]\nurl = "https://cc"', "cc: needs [uaa], which gives the token for it"),
        ('[uaa]\nurl = "https://uaa"\nclient = "c"', "uaa.client_secret_file: give either this or client_secret"),
        ('[database]\npassword_file = "/none"', "database.password_file: there is no user in database.url"),
        ('[database]\nurl = "mysql://db/p"\npassword_file = "/x"', "database.password_file: there is no user in"),
        ('[database]\nurl = "postgre://db/p"', "database.url: unsupported driver: postgre"),
        ('[database]\nurl = "mysql://db:x/p"', "database.url: the database's url cannot be read"),
        ("[controller", "Expected ']' at the end of a table declaration"),
    ],
)
def test_mistake_is_told_with_what_to_do(tmp_path: Path, text: str, said: str) -> None:
    assert find_mistakes(tmp_path, text)[0].startswith(said)


def test_certificates_that_cannot_be_used_are_told(tmp_path: Path, papers: Papers) -> None:
    settings = make_settings(papers)
    api = settings["controller"]["external"]
    other, _ = papers.issue("localhost")
    settings["controller"]["external"] = {**api, "certificate": str(other)}
    settings["controller"]["internal"] = {**api, "key": ""}
    first, second = find_mistakes(tmp_path, to_toml(settings))
    assert first.startswith(f"controller.external: {other} with key {api['key']}: no certificate with its key")
    assert second == "controller.internal.key: it is missing; certificate and key go together"


SECRETS = ["postgresql://poplin:secret@db/poplin", "postgresql://poplin@db/poplin?password=secret"]


@pytest.mark.parametrize("url", SECRETS)
def test_secret_that_everybody_may_read_is_refused(tmp_path: Path, url: str) -> None:
    text = f'[database]\nurl = "{url}"'
    [said] = find_mistakes(tmp_path, text, 0o644)
    assert said == "holds a secret and everybody may read it; run chmod o-r, or name files of secrets"
    assert load(write(tmp_path, text, 0o640)).settings.database.url.startswith("postgresql:")


def test_url_without_a_password_may_be_read_by_everybody(tmp_path: Path) -> None:
    text = '[database]\nurl = "postgresql://poplin@db:5432/poplin?application_name=a%40b"'
    assert load(write(tmp_path, text, 0o644)).settings.database.url.endswith("a%40b")


def test_file_that_may_not_be_looked_for_is_no_reason_to_start_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may look everywhere, so a name that is too long stands for a folder that is closed to us."""
    monkeypatch.setattr("poplin.controller.serve.configuration.USUAL_FILE", f"/etc/{'x' * 300}/poplin.toml")
    with pytest.raises(BadConfiguration, match="File name too long"):
        load()


def test_without_a_file_it_is_for_development(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("poplin.controller.serve.configuration.USUAL_FILE", str(tmp_path / "none" / "poplin.toml"))
    assert load() == Configuration("", Settings())


def test_real_certificates_are_all_it_takes(tmp_path: Path, papers: Papers) -> None:
    assert load(write(tmp_path, to_toml(make_settings(papers)))).settings.controller.tag_length == 2


def test_password_comes_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p@ss/word\n")
    url = "mysql://me@db:3306/policies?application_name=a%40b"
    database = DatabaseSettings(url=url, password_file=str(tmp_path / "password"))
    made = parse_url(make_url(database, tmp_path))
    assert (made.username, made.password, made.host, made.port) == ("me", "p@ss/word", "db", 3306)
    assert made.query["application_name"] == "a@b"


def test_own_database_that_is_not_made_yet_is_not_silent(tmp_path: Path) -> None:
    assert list(find_silent(Settings(), tmp_path)) == []
    assert list(tmp_path.iterdir()) == []
