"""A table of a plugin's own in nftables, for plugins that come without Poplin: rules that never change, and each
attachment as elements of their sets.

    table inet cni-knock
        sets, maps and chains        the plugin's text, loaded once after boot
        elements                     each an attachment's, which the comment says: a checksum, then its key

So attaching costs the same beside one container or 5,000, and what is left behind can be found. What the rules
themselves add to sets, as with `update @seen { ip saddr }`, is theirs: it has no such comment.
"""

from __future__ import annotations

from poplin.linux.nft.elements import Element, Set, describe
from poplin.linux.nft.skeleton import Skeleton, marks_of
from poplin.plugins.kit.attachment import element_comment
from poplin.plugins.kit.ownership import collect, find_missing, give_up, take
from poplin.plugins.kit.readiness import require_rules
from poplin.spec.errors import CheckFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from poplin.linux.kernel import Kernel
    from poplin.linux.nft.kinds import Kind, Value
    from poplin.spec.call import Call

RULES = "rules"  # what the mark of a table with one skeleton is called


class Table(Skeleton):
    """The table `inet NAME` with `rules`, which is what stands inside its braces: sets, maps and chains.

    A higher `version` has them loaded anew, elements stay; so a set whose type it changes needs a new name.
    """

    __slots__ = ("_rules", "_sets")

    def __init__(self, name: str, rules: str, version: int = 1) -> None:
        super().__init__(f"inet {name}", RULES, version)
        self._rules = rules
        self._sets: list[Set] = []

    def source(self) -> str:
        """The table as nft reads it."""
        marks = f"set {marks_of(self.table).name} {{ type ifname; }}"
        return f"table {self.table} {{\n{marks}\n{self._rules}\n}}\n"

    def set(self, name: str, *key: Kind, data: Sequence[Kind] = ()) -> Set:
        """The set of this name in the rules, or with `data` the map, for elements of attachments."""
        made = Set(self.table, name, key, tuple(data))
        self._sets.append(made)
        return made

    def element(
        self, call: Call, of: Set, *key: Value, data: Sequence[Value] = (), end: Sequence[Value] = ()
    ) -> Element:
        """An element of this attachment; with `end` a range that goes from `key` to that, both included. Raises
        ValueError for one in a set of a single field, whose ranges the kernel keeps in another way."""
        if end and len(of.key) < 2:
            raise ValueError(f"set {of.name} has one field; a range needs a set of several, such as who . where to")
        return Element(of, key, tuple(data), element_comment(call.key), tuple(end))

    def hold(self, call: Call, kernel: Kernel, elements: Sequence[Element]) -> None:
        """ADD: the attachment has these, with the rules loaded if they are not; repeatable. Whoever had one of them
        before is gone. Raises OSError."""
        take(kernel.host.nft, self, elements)

    def release(self, call: Call, kernel: Kernel, expected: Sequence[Element] = ()) -> None:
        """DEL: remove what the attachment has. Who knows what that is says so: then the sets are not read through.
        Raises OSError."""
        if kernel.host.has_table(self.table):
            give_up(kernel.host.nft, call.key, expected, self._sets, search=True)

    def check(self, call: Call, kernel: Kernel, elements: Sequence[Element]) -> None:
        """CHECK: they are there, and the rules too. Raises CheckFailed."""
        missing = find_missing(kernel.host.nft, call.key, elements)
        if missing is None and kernel.host.nft.find(self.mark) is None:
            raise CheckFailed(f"the rules of table {self.table} are gone", "another ADD loads them")
        if missing is not None:
            bare = Element(missing.set, missing.key, missing.data, end=missing.end)
            raise CheckFailed(f"{describe(bare)} is missing", f"`nft list table {self.table}` has what is there")

    def collect_garbage(self, call: Call, kernel: Kernel) -> None:
        """GC: remove what attachments of this network had that are not valid any more. Raises OSError."""
        if kernel.host.has_table(self.table):
            collect(kernel.host.nft, call, self._sets)

    def require(self, kernel: Kernel) -> None:
        """STATUS: nftables answers, and the rules are loaded or can be. Raises PluginNotAvailable."""
        require_rules(kernel, self)
