"""How Sphinx builds the site; scripts/docs prepares the folder of pages that this is used on, and calls it."""

from __future__ import annotations

from typing import Any

from poplin import __version__

project = "Poplin"
author = "the authors of Poplin"
copyright = "the authors of Poplin, Apache-2.0"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
root_doc = "docs/index"
source_suffix = {".md": "markdown"}
myst_heading_anchors = 4
highlight_language = "none"
default_role = "code"

html_theme = "furo"
html_title = f"Poplin {version}"
html_show_sourcelink = False
html_copy_source = False
smartquotes = False
suppress_warnings = ["misc.highlighting_failure"]  # a snippet of another program's language

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 100


def keep_columns(
    app: object, what: str, name: str, thing: object, options: object, lines: list[str], *_: object
) -> None:
    """Docstrings are text for people: what is indented in them keeps its lines and columns."""
    is_inside = False
    for number, line in reversed(list(enumerate(lines))):
        is_indented = line.startswith("    ")
        if is_inside and not is_indented and line:
            lines[number + 1 : number + 1] = ["", "::", ""]
        is_inside = is_indented or (is_inside and not line)
    if is_inside:
        lines[0:0] = ["::", ""]


def hide_factories(
    app: object, what: str, name: str, thing: object, options: object, signature: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    """A field that is empty unless given has no value that Sphinx could read."""
    return signature and signature.replace("<factory>", "..."), returned


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-signature", hide_factories)
    app.connect("autodoc-process-docstring", keep_columns)
