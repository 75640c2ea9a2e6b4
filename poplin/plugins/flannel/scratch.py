"""What the delegate was told, a file for each attachment and, where the reference keeps it, one for the container:

    /var/lib/cni/flannel/CONTAINERID:NETWORK:IFNAME
    /var/lib/cni/flannel/CONTAINERID

The content of both is the delegate's configuration and nothing else, so it cannot say which interface it is about. The
reference has one interface of a container in mind and writes over what was there. Here the first one to come has its
own file under the container's name as well (a hard link): so it is known whose that is, and a file of that name alone
is one of the reference's.
"""

from __future__ import annotations

from poplin.linux.files import BESIDE
from poplin.plugins.kit import keeping
from poplin.plugins.kit.attachment import shorten
from poplin.spec.errors import CNIError
from poplin.spec.fields import Fields
from poplin.spec.jsontext import loads_object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call

FOLDER = "/var/lib/cni/flannel"
SEPARATOR = ":"  # in none of the three parts of a name
# In the name of a file, which has 255 bytes.
LONGEST_CONTAINER_ID = 128
LONGEST_NETWORK = 96
LONGEST_NAME = 250


def find_folder(call: Call) -> str:
    """Where the network keeps them. Raises DecodingFailure, InvalidConfig."""
    return keeping.find_folder(call, FOLDER)


class Scratch:
    """The files of one attachment, its `own` and the one that it may `share` with the reference; and GC's way to those
    of its network."""

    def __init__(self, call: Call, kernel: Kernel) -> None:
        """Raises DecodingFailure, InvalidConfig."""
        self._files = kernel.files
        self._network = call.config.name
        self.folder = find_folder(call)
        self.own = self._find_own(call.container_id, call.ifname)
        self.shared = self._find_shared(call.container_id)

    def find(self) -> bytes | None:
        """What the delegate was told, None if that is not known. Raises OSError."""
        content = self.find_own()
        return self.find_reference() if content is None else content

    def find_own(self) -> bytes | None:
        """The same, if it was by us. Raises OSError."""
        return self._files.find(self.own)

    def find_reference(self) -> bytes | None:
        """The container's file, if it is one of the reference's, and about this network or unreadable. Raises
        OSError."""
        content = self._files.find(self.shared)
        if content is None or self._files.count_names(self.shared) > 1:
            return None
        return content if find_network(content) in (self._network, "") else None

    def write(self, content: bytes) -> None:
        """In place of the one before; on disk when this returns. Raises OSError."""
        if self._files.is_same(self.own, self.shared):
            self._files.remove(self.shared)
        self._files.put(self.own, content)
        self._files.link(self.own, self.shared)

    def remove(self) -> None:
        """Forget it; repeatable. Raises OSError."""
        if self.find_own() is None and self.find_reference() is not None:
            self._files.remove(self.shared)
        self.discard(self.own)

    # GC.

    def list_unlisted(self, valid: frozenset[tuple[str, str]]) -> list[str]:
        """What is there besides the files of the attachments in `valid`: (container id, ifname). Raises OSError."""
        kept = {self._find_own(*each) for each in valid} | {self._find_shared(each) for each, _ in valid}
        paths = keeping.list_files(self._files, self.folder)
        return [path for path in paths if kept.isdisjoint((path, path.removesuffix(BESIDE)))]

    def discard_stale(self, path: str) -> None:
        """Remove one of them if it is of this network. Raises OSError."""
        if find_network(self._files.find(path) or b"") == self._network:
            self.discard(path)

    def discard(self, path: str) -> None:
        """Remove one of the files, if it is there, under its other name as well. Raises OSError."""
        container_id = path.removeprefix(f"{self.folder}/").partition(SEPARATOR)[0]
        for shared in (self.shared, self._find_shared(container_id)):
            if shared != path and self._files.is_same(path, shared):
                self._files.remove(shared)
        self._files.take_away(path)

    # Names.

    def _find_own(self, container_id: str, ifname: str) -> str:
        parts = (shorten(container_id, LONGEST_CONTAINER_ID), shorten(self._network, LONGEST_NETWORK), ifname)
        return f"{self.folder}/{SEPARATOR.join(parts)}"

    def _find_shared(self, container_id: str) -> str:
        return f"{self.folder}/{shorten(container_id, LONGEST_NAME)}"


def find_network(content: bytes) -> str:
    """The network that a delegate's configuration is about; empty for what is none."""
    try:
        return Fields(loads_object(content)).text("name")
    except CNIError:
        return ""
