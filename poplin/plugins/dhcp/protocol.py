"""What plugin and daemon say to each other: a line of JSON each, over a unix socket, one call a connection.

    {"verb": "ADD", "containerID": ..., "netns": ..., "ifname": ..., "args": ..., "config": {...}, "valid": [[...]]}
    {"result": {...}}     ADD; other verbs answer {}
    {"error": {"code": 7, "msg": ..., "details": ...}}

Who hangs up before the answer to ADD does not want the address any more. The reference's daemon listens at the same
place and speaks another language (Go's net/rpc), which ours and it tell from this one by the first bytes.
"""

from __future__ import annotations

from _socket import AF_UNIX, SO_RCVTIMEO, SO_SNDTIMEO, SOCK_CLOEXEC, SOCK_STREAM, SOL_SOCKET
from _socket import socket as Descriptor

from poplin.linux.netlink import Struct
from poplin.spec.errors import DecodingFailure, PluginNotAvailable, TryAgainLater, error_from_object
from poplin.spec.jsontext import dumps, loads_object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.call import Call

SOCKET = "/run/cni/dhcp.sock"
LARGEST = 1 << 20  # bytes of a line
RECEIVE_SIZE = 1 << 16
PATIENCE = 10  # seconds, for every verb but ADD, which takes as long as a DHCP server does
TIMEVAL = Struct("=qq")  # seconds, microseconds
REMEDY = "start it: poplin dhcp daemon"


def ask(call: Call, path: str, netns: str = "") -> dict[str, object]:
    """The daemon's answer to this call. Raises PluginNotAvailable, TryAgainLater, or the error that it answers."""
    request: dict[str, object] = {
        "verb": call.env.command,
        "containerID": call.container_id,
        "netns": netns,
        "ifname": call.ifname,
        "args": call.env.args,
        "config": call.config.source,
    }
    if call.env.command == "GC":
        request["valid"] = [list(each) for each in sorted(call.valid_attachments())]
    patience = 0 if call.env.command == "ADD" else PATIENCE
    answer = parse_answer(exchange(path, dumps(request).encode("utf-8", "surrogatepass") + b"\n", patience), path)
    error = answer.get("error")
    if isinstance(error, dict):
        raise error_from_object(error)
    return answer


def exchange(path: str, line: bytes, patience: int) -> bytes:
    """What the daemon answers to a line. 0 seconds are endless. Raises PluginNotAvailable, TryAgainLater."""
    descriptor = Descriptor(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC)
    for option in (SO_SNDTIMEO, SO_RCVTIMEO):  # Python's own timeout would not wait for a daemon that is busy
        descriptor.setsockopt(SOL_SOCKET, option, TIMEVAL.pack(patience, 0))
    try:
        connect(descriptor, path)
        try:
            descriptor.sendall(line)
            chunks = []
            while chunk := descriptor.recv(RECEIVE_SIZE):
                chunks.append(chunk)
        except BlockingIOError:
            raise silent(path) from None
        except OSError as error:
            raise hung_up(path, error.strerror or str(error)) from None
    finally:
        descriptor.close()
    return b"".join(chunks)


def connect(descriptor: Descriptor, path: str) -> None:
    """Reach the daemon. Raises PluginNotAvailable."""
    try:
        descriptor.connect(path)
    except BlockingIOError:
        raise silent(path) from None
    except OSError as error:  # also for a path that is too long for a socket
        reason = error.strerror or str(error)
        raise PluginNotAvailable(f"no DHCP daemon answers at {path}: {reason}", REMEDY) from None


def parse_answer(line: bytes, path: str) -> dict[str, object]:
    """The object of an answer. Raises TryAgainLater for none, PluginNotAvailable for somebody else's."""
    if not line:
        raise hung_up(path, "it closed the connection")
    try:
        return loads_object(line, "the daemon's answer")
    except DecodingFailure:
        said = line[:60].decode("utf-8", "replace").splitlines()[0]
        raise PluginNotAvailable(
            f"what listens at {path} is no DHCP daemon of Poplin's", f"it says {said!r}; stop it, and {REMEDY}"
        ) from None


def silent(path: str) -> PluginNotAvailable:
    """The daemon is there and says nothing."""
    return PluginNotAvailable(f"the DHCP daemon at {path} does not answer", "restart it")


def hung_up(path: str, reason: str) -> TryAgainLater:
    """The daemon was there and is not any more."""
    return TryAgainLater(f"the DHCP daemon at {path} gave no answer", reason)
