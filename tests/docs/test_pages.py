"""Every command of every page works, and prints what the page shows below it."""

from __future__ import annotations

from pathlib import Path

import pytest
from docs.readme import CHECKOUT, Ran, Shown, find_commands, find_shown, has_printed, run_session

# Pages that other tests run.
ELSEWHERE = {
    "README.md": "tests/docs/test_readme.py",
    "docs/autogen.md": "tests/docs/test_autogen_page.py",
    "docs/troubleshooting.md": "tests/docs/test_troubleshooting.py",
    "docs/howto/docker.md": "tests/engines/test_docker_page.py",
    "docs/howto/podman.md": "tests/engines/test_pages.py",
    "docs/howto/buildah.md": "tests/engines/test_pages.py",
    "docs/plugin-tutorial.md": "tests/docs/test_plugin_tutorial.py",
    "docs/howto/containerd.md": "tests/engines/test_pages.py",
}
# The beginning of a command -> why it is not run.
EXEMPT = {
    "git clone": "it fetches this very repository",
    "./scripts/setup": "it installs packages from the network; scripts/test has run it before this test",
    "./scripts/test": "it is what runs this test",
    "./scripts/check": "its parts run beside this test",
    "./scripts/docs": "tests/docs/test_site.py builds the site",
}


def list_pages() -> list[str]:
    """Every page of documentation, by its path in the checkout."""
    pages = [*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md")]
    return sorted(str(page.relative_to(CHECKOUT)) for page in pages)


def is_run(shown: Shown) -> bool:
    """Whether the command is to be run here."""
    return not shown.command.removeprefix("sudo ").startswith(tuple(EXEMPT))


def test_output_is_compared_with_what_is_shown():
    shown = Shown("x", "one ... three\n...\nend\n")
    assert has_printed(shown, Ran("x", 0, "one two three\nend"))
    assert has_printed(shown, Ran("x", 0, "one 2 three\nmore\nand more\nend\n"))
    assert not has_printed(shown, Ran("x", 1, "one two three\nend\n"))
    assert not has_printed(shown, Ran("x", 0, "one two three\nend\nmore\n"))
    assert not has_printed(Shown("x"), Ran("x", 0, "something\n"))


@pytest.mark.parametrize("page", [page for page in list_pages() if page not in ELSEWHERE])
def test_page_is_true(tmp_path: Path, page: str) -> None:
    shown = [item for item in find_shown((CHECKOUT / page).read_text()) if is_run(item)]
    ran = run_session([item.command for item in shown], tmp_path) if shown else []
    differing = [(item, done) for item, done in zip(shown, ran, strict=True) if not has_printed(item, done)]
    assert differing == []


@pytest.mark.parametrize("page", ELSEWHERE)
def test_page_that_is_run_elsewhere_has_commands_and_a_test_that_reads_it(page: str) -> None:
    assert find_commands((CHECKOUT / page).read_text()) != []
    assert Path(page).name.removesuffix(".md") in (CHECKOUT / ELSEWHERE[page]).read_text()
