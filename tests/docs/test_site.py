"""The site that scripts/docs builds: no warnings, every link leads somewhere, every page can be reached."""

from __future__ import annotations

import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from docs.readme import CHECKOUT

import poplin.runtime as cni
from poplin.cli.verbs import VERBS, name_page

PATIENCE = 600  # seconds for building
OF_SPHINX = {"genindex.html", "search.html", "py-modindex.html"}


class Page(HTMLParser):
    """What a page links to, and the places in it that others may link to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.links: set[str] = set()
        self.places: set[str] = set()
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        self.places |= {value for key in ("id", "name") if (value := found.get(key))}
        target = found.get("href") if tag == "a" else found.get("content", "") if tag == "meta" else None
        if target and tag == "meta":
            target = target.partition("url=")[2]
        if target and not urlsplit(target).scheme:
            self.links.add(target)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built once."""
    folder = tmp_path_factory.mktemp("site")
    command = [str(CHECKOUT / "scripts" / "docs"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", f"docs: {folder}/index.html\n")
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    """Every page."""
    return {path.resolve(): Page(path) for path in site.rglob("*.html") if "_static" not in path.parts}


def resolve(page: Path, link: str) -> tuple[Path, str]:
    """The file a link leads to, and the place in it."""
    parts = urlsplit(link)
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    return target, unquote(parts.fragment)


def test_every_internal_link_leads_to_a_place_that_is_there(pages: dict[Path, Page]) -> None:
    dangling = []
    for path, page in pages.items():
        for link in page.links:
            target, place = resolve(path, link)
            if not target.is_file() or (place and target in pages and place not in pages[target].places):
                dangling.append(f"{path.name}: {link}")
    assert dangling == []


def test_every_page_is_reached_from_the_first(site: Path, pages: dict[Path, Page]) -> None:
    first = (site / "index.html").resolve()
    reached, waiting = {first}, [first]
    while waiting:
        path = waiting.pop()
        targets = {resolve(path, link)[0] for link in pages[path].links} & pages.keys()
        waiting += targets - reached
        reached |= targets
    assert {path.name for path in pages.keys() - reached} <= OF_SPHINX


def test_every_page_of_the_repository_is_in_the_site(site: Path) -> None:
    sources = [*(CHECKOUT / "docs").rglob("*.md"), CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md"]
    made = [site / path.relative_to(CHECKOUT).with_suffix(".html") for path in sources]
    assert [path for path in made if not path.is_file()] == []


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_a_page_with_its_arguments(site: Path, verb: str) -> None:
    text = read_text(site / "docs" / "commands" / f"{name_page(verb)}.html")
    help_text = read_help(verb)
    options = set(re.findall(r"^  (?:-\w(?: \S+)?, )?(--[a-z-]+)", help_text, re.MULTILINE))
    assert "--help" in options
    assert {option for option in options if option not in text} == set()
    assert VERBS[verb].example in text


def test_api_page_has_every_public_name_its_fields_and_its_errors(site: Path, pages: dict[Path, Page]) -> None:
    page = pages[(site / "docs" / "api.html").resolve()]
    wanted = {f"poplin.runtime.{name}" for name in cni.__all__}
    wanted |= {f"poplin.runtime.Attachment.{name}" for name in cni.Attachment.__dataclass_fields__}
    wanted |= {f"poplin.runtime.Runtime.{name}" for name in cni.Runtime.__dataclass_fields__}
    wanted |= {f"poplin.runtime.Threads.{name}" for name in ("attach", "detach", "check", "gc", "status", "close")}
    wanted |= {f"poplin.runtime.CNIError.{name}" for name in ("code", "step", "plugin", "network")}
    assert wanted - page.places == set()


def test_pages_of_the_repository_link_to_files_that_are_there() -> None:
    sources = [*(CHECKOUT / "docs").rglob("*.md"), *CHECKOUT.glob("*.md")]
    dangling = [
        f"{source.relative_to(CHECKOUT)}: {link}"
        for source in sources
        for link in re.findall(r"\]\(([^)\s]+)\)", source.read_text())
        if not urlsplit(link).scheme and urlsplit(link).path and not (source.parent / urlsplit(link).path).exists()
    ]
    assert dangling == []


def read_help(verb: str) -> str:
    """What `poplin VERB --help` prints."""
    command = [str(CHECKOUT / ".venv" / "bin" / "poplin"), *verb.split(), "--help"]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout


def read_text(page: Path) -> str:
    """What a page says, without markup."""
    plain = re.sub(r"<[^>]+>", "", page.read_text())
    return plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace("&#39;", "'")
