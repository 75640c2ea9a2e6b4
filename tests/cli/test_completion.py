"""`poplin completion`, tried in a real bash; the manual pages, read by the real man."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from node import CHECKOUT

from poplin.cli.completion import SHELLS
from poplin.cli.manual import write_pages
from poplin.cli.verbs import VERBS, name_page

TRY = """\
source {script}
function_of() {{ complete -p poplin | sed 's/.*-F \\([^ ]*\\).*/\\1/'; }}
COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
$(function_of) poplin "${{COMP_WORDS[COMP_CWORD]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def complete(poplin: Any, config_dir: Path, tmp_path: Path) -> Any:
    """What bash offers for the last word of a line."""
    script = tmp_path / "completion"
    script.write_text(poplin("completion", "bash").output)
    for name in ("one", "two"):
        (config_dir / f"{name}.conf").write_text(f'{{"cniVersion": "1.0.0", "name": "{name}", "type": "bridge"}}')
    command = tmp_path / "bin" / "poplin"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m poplin.cli.main "$@"\n')
    command.chmod(0o755)
    environ = {**os.environ, "PATH": f"{command.parent}:{os.environ['PATH']}", "PYTHONPATH": str(CHECKOUT)}

    def offer(words: str) -> list[str]:
        source = TRY.format(script=script, words=words)
        done = subprocess.run(["bash", "-c", source], capture_output=True, text=True, env=environ, cwd=config_dir)
        assert done.stderr == ""
        return sorted(filter(None, done.stdout.splitlines()))

    return offer


def test_every_verb_is_offered(complete: Any) -> None:
    assert {verb.partition(" ")[0] for verb in VERBS} <= set(complete('poplin ""'))
    assert complete('poplin plugin ""') == ["check", "new"]
    assert complete("poplin au") == ["autogen"]


def test_options_and_their_values_are_offered(complete: Any) -> None:
    assert complete("poplin list --d") == ["--dot", "--drawing"]
    assert complete('poplin completion ""') == sorted(SHELLS)


@pytest.mark.parametrize("line", ["poplin add t", "poplin gc t", "poplin run t", "poplin status t", "poplin list t"])
def test_networks_are_offered_by_name(complete: Any, line: str) -> None:
    assert complete(line) == ["two"]


def test_types_of_schemas_are_offered(complete: Any) -> None:
    assert complete("poplin schema p") == ["plugin", "portmap", "ptp"]


def test_after_a_network_comes_another_or_a_namespace(complete: Any, container: Any, tmp_path: Path) -> None:
    offered = complete('poplin add one ""')
    assert {"one", "two", container.path} <= set(offered)
    assert not any(each.endswith(".conf") for each in offered), "files of this folder are no namespaces"
    assert complete(f"poplin add one {container.path[:-1]}")[0].startswith("/run/netns/")
    assert complete(f"poplin add one {tmp_path}/net") == [f"{tmp_path}/net.d"]


def test_files_and_folders_are_offered_where_they_belong(complete: Any) -> None:
    assert complete("poplin autogen --from-json on") == ["one.conf"]


def test_what_the_build_makes_needs_no_package_that_only_checking_needs(tmp_path: Path) -> None:
    """Wheels are built where jsonschema is not."""
    script = "import sys; sys.modules.update(jsonschema=None, referencing=None)\n"
    script += "from pathlib import Path; from poplin.cli import completion, manual\n"
    script += f"manual.write_pages(Path({str(tmp_path)!r})); print(len(completion.complete('bash')))"
    done = subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_asks_poplin_for_the_networks(poplin: Any, shell: str) -> None:
    done = poplin("completion", shell)
    assert (done.status, done.errors) == (0, "")
    assert "poplin list --networks" in done.output


def test_another_shell_is_a_mistake(poplin: Any) -> None:
    assert poplin("completion", "ksh").status == 2


# Manual pages.


def test_every_verb_has_a_page_that_man_reads_without_a_word(tmp_path: Path) -> None:
    pages = {page.name: page for page in write_pages(tmp_path)}
    assert set(pages) == {"poplin.1", *(f"poplin-{name_page(name)}.1" for name in VERBS)}
    for page in pages.values():
        done = subprocess.run(
            ["groff", "-man", "-Tutf8", "-ww", "-P-cbou", str(page)], capture_output=True, text=True, timeout=120
        )
        assert (done.returncode, done.stderr) == (0, "")
        headings = re.findall(r"^[A-Z][A-Z ]+$", done.stdout, re.M)
        assert headings[:3] == ["NAME", "SYNOPSIS", "DESCRIPTION"]
        assert "EXAMPLE" in headings


def test_the_page_of_the_command_names_every_verb_and_what_exit_statuses_mean(tmp_path: Path) -> None:
    write_pages(tmp_path)
    text = (tmp_path / "poplin.1").read_text()
    assert [name for name in VERBS if f"poplin-{name_page(name)}(1)".replace("-", "\\-") not in text] == []
    assert "4 drift" in text
