"""Everything that is wrong with network configurations, file by file, in the order of the text.

An error is what a runtime or a plugin refuses; a warning is what has no effect, or another than one would think.
"""

from __future__ import annotations

from poplin.schema.finding import Finding
from poplin.validation.chain import check_chain
from poplin.validation.document import read_document
from poplin.validation.folder import check_has_plugins, check_kind, check_siblings
from poplin.validation.head import list_members, read_list, read_single
from poplin.validation.installed import Installed
from poplin.validation.member import Member, check_member


def check_file(data: bytes, file: str, installed: Installed) -> list[Finding]:
    """The findings in one file with this text, and in the files of its drop-in folder."""
    document = read_document(data, file)
    if isinstance(document, Finding):
        return [document]
    check_kind(document)
    head = read_list(document) if document.is_list else read_single(document)
    found = list(list_members(head))
    members = [each for each in found if isinstance(each, Member)]
    for member in members:
        check_member(member, head, installed)
    check_chain(head, members)
    check_has_plugins(head, members)
    check_siblings(head)
    unreadable = [each for each in found if isinstance(each, Finding)]
    documents = {id(each.document): each.document for each in members if each.document is not document}
    return [*document.report(), *unreadable, *(finding for each in documents.values() for finding in each.report())]
