"""Building the wheel: it has the C launcher, compiled here, and so is for this kind of machine; where there is no C
compiler it is one for all, and what it installs are Python scripts. Manual pages and completions are made here too."""

from __future__ import annotations

import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# Where each shell looks, below the prefix of the environment.
COMPLETIONS = {
    "bash": "share/bash-completion/completions/poplin",
    "zsh": "share/zsh/site-functions/_poplin",
    "fish": "share/fish/vendor_completions.d/poplin.fish",
}


class MadeFilesHook(BuildHookInterface[Any]):
    """Makes what the sources only describe."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Before the files are collected."""
        if version == "editable":  # the checkout has the sources
            return
        sys.path.insert(0, self.root)
        self._work = tempfile.TemporaryDirectory()
        work = Path(self._work.name)
        build_data["shared_data"] |= {str(made): place for made, place in make_documents(work).items()}
        self._add_launcher(work / "launcher", build_data)

    def _add_launcher(self, output: Path, build_data: dict[str, Any]) -> None:
        from poplin.cli.launcher import COMPILED, SOURCES, NoLauncher, compile_launcher

        try:
            compile_launcher(Path(self.root, SOURCES), output)
        except NoLauncher as error:
            self.app.display_warning(f"a wheel without the launcher: {error}")
            return
        build_data["force_include"][str(output)] = COMPILED
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """After the wheel was written."""
        if version != "editable":
            self._work.cleanup()


def make_documents(folder: Path) -> dict[Path, str]:
    """The manual pages and completions: each file that was made with its place below the prefix."""
    from poplin.cli.completion import complete
    from poplin.cli.manual import write_pages

    made = {page: f"share/man/man1/{page.name}" for page in write_pages(folder / "man")}
    for shell, place in COMPLETIONS.items():
        script = folder / f"completion.{shell}"
        script.write_text(complete(shell))
        made[script] = place
    return made
