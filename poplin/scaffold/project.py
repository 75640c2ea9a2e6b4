"""A plugin's project: the files that `poplin plugin new` writes, made of the templates.

    NAME             the executable
    NAME.json        the schema of its configuration
    NAME.conflist    a network that has it
    test_NAME.py     pytest: as a runtime calls it
    README.md        its page

`templates/KIND/` has each as it is read by people, with words like @NAME@ to be replaced.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"
CHAINED, INTERFACE = "chained", "interface"
PYTHON, SHELL = "python", "shell"
LANGUAGES = {INTERFACE: (PYTHON,), CHAINED: (PYTHON, SHELL)}
EXECUTABLE, PLAIN = 0o755, 0o644
# Words that stand for the text of another template, which a language may be without.
PARTS = {"@BEHAVIOUR@": "behaviour", "@GC@": "gc"}


@dataclass(frozen=True)
class Project:
    """What is to be written. `library` is the folder with the package poplin or a link to it, `poplin` the command."""

    name: str
    kind: str
    language: str
    interpreter: str
    library: str
    poplin: str

    @property
    def test_name(self) -> str:
        """What pytest can import."""
        return f"test_{self.name.replace('-', '_')}.py"

    @property
    def words(self) -> Mapping[str, str]:
        """What is put in place of words."""
        place, path = place_lines(self.language, self.library, is_link=os.path.islink(self.library))
        return {
            "@NAME@": self.name,
            "@INTERPRETER@": self.interpreter,
            "@PLACE@": place,
            "@PATH@": path,
            "@POPLIN@": self.poplin,
        }

    @property
    def files(self) -> dict[str, tuple[str, int]]:
        """The text and the mode of each file by its name."""
        return {
            self.name: (self._fill(f"plugin.{self.language}"), EXECUTABLE),
            f"{self.name}.json": (self._fill("schema.json"), PLAIN),
            f"{self.name}.conflist": (self._fill("network.conflist"), PLAIN),
            self.test_name: (self._fill("test.python"), PLAIN),
            "README.md": (self._fill("README.md"), PLAIN),
        }

    def write(self, folder: Path) -> list[str]:
        """Write the files; their paths. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, (text, mode) in self.files.items():
            path = folder / name
            path.write_text(text)
            path.chmod(mode)
        return [str(folder / name) for name in self.files]

    def _fill(self, template: str) -> str:
        folder = TEMPLATES / self.kind
        text = (folder / template).read_text()
        for word, part in PARTS.items():
            file = folder / f"{part}.{self.language}"
            text = text.replace(word, file.read_text() if file.is_file() else "")
        for word, meaning in self.words.items():
            text = text.replace(word, meaning)
        return text


def place_lines(language: str, library: str, *, is_link: bool) -> tuple[str, str]:
    """The lines of an executable that say where Poplin is. A link is read once, lest an update come in between."""
    place = f"POPLIN = {json.dumps(library)}" if language == PYTHON else f"POPLIN={shlex.quote(library)}"
    folder = '__import__("posix").readlink(POPLIN)' if is_link else "POPLIN"
    return place, f"sys.path.insert(0, {folder})"
