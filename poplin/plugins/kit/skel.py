"""What every plugin executable does around its verbs: read the call, run the verb, print the answer.

`answer` is a function of environment and stdin, and is what the tests and the in-process shortcut use; `main` is the
only place that touches the process. stdout carries exactly one JSON document, or nothing.
"""

from __future__ import annotations

import posix
import sys

from poplin.linux.kernel import Kernel
from poplin.linux.netlink import NetlinkError
from poplin.linux.stderr import write_stderr
from poplin.spec.call import REQUIRED, Environment, make_call, read_config
from poplin.spec.errors import CNIError, InternalError, InvalidEnvironment, InvalidNamespace, IOFailure, KernelRefused
from poplin.spec.jsontext import dumps
from poplin.spec.versions import KNOWN, NEWEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import NoReturn

    from poplin.spec.call import Call

    Verb = Callable[[Call, Kernel], "dict[str, object] | None"]


RESTORE = "RESTORE"  # a verb of ours, which no caller can ask for from outside: `poplin reload` does inside
VERBS = (*(verb for verb in REQUIRED if verb != "VERSION"), RESTORE)  # what a plugin can have; VERSION is answered here
KEPT = "surrogateescape"  # bytes that are no UTF-8 survive the way in and out, as with os.environ


class Plugin:
    """A plugin: its type, one line about it, and its verbs by name. ADD returns the result object, the others None.

    `programs` are what its executable does instead if its first argument asks for one: the module of each by name.
    """

    __slots__ = ("about", "programs", "type", "verbs", "versions")

    def __init__(
        self,
        type: str,
        about: str,
        verbs: Mapping[str, Verb],
        versions: Sequence[str] = KNOWN,
        programs: Mapping[str, str] | None = None,
    ) -> None:
        """Raises InternalError, which is for the plugin's author."""
        check_verbs(type, verbs)
        self.type = type
        self.about = about
        self.verbs = verbs
        self.versions = versions
        self.programs = programs or {}


def check_verbs(type: str, verbs: Mapping[str, Verb]) -> None:
    """Refuse what would be a plugin that silently does nothing: a verb that nobody calls, or others without ADD. One
    with none at all is the reference's empty one, which succeeds. Raises InternalError."""
    for verb in verbs:
        if verb not in VERBS:
            raise InternalError(f"plugin {type} has an unknown verb {verb!r}", f"there are {', '.join(VERBS[:-1])}")
    if verbs and "ADD" not in verbs:
        raise InternalError(f"plugin {type} has no ADD", "it can be without any other verb")


class Answer:
    """What the process does at the end: exit status, text for stdout, text for stderr."""

    __slots__ = ("errors", "output", "status")

    def __init__(self, status: int, output: str = "", errors: str = "") -> None:
        self.status = status
        self.output = output
        self.errors = errors


def main(plugin: Plugin) -> NoReturn:
    """Run the plugin on this process' environment, stdin, stdout and stderr, and leave."""
    if plugin.programs and len(sys.argv) > 1 and sys.argv[1] in plugin.programs:
        sys.exit(__import__(plugin.programs[sys.argv[1]], fromlist=["run"]).run(sys.argv[2:]))
    reply = answer(plugin, environment(), read_stdin)
    if reply.errors:
        write_stderr(reply.errors)
    status = reply.status
    try:
        sys.stdout.write(reply.output)
        sys.stdout.flush()
    except (AttributeError, OSError):  # AttributeError: a stdout that is closed is None
        status = 1
    posix._exit(status)  # the interpreter's own tidying up costs 1.4 ms and there is nothing to tidy


def environment() -> dict[str, str]:
    """This process' environment, as os.environ has it."""
    return {name.decode("utf-8", KEPT): value.decode("utf-8", KEPT) for name, value in posix.environ.items()}


def verb_in(module: str) -> Verb:
    """The verb that is the function `run` of a module, imported when it is called: DEL need not load what ADD needs."""

    def run(call: Call, kernel: Kernel) -> dict[str, object] | None:
        reply: dict[str, object] | None = __import__(module, fromlist=["run"]).run(call, kernel)
        return reply

    return run


def read_stdin() -> bytes:
    """All of stdin. Raises IOFailure."""
    chunks = []
    try:
        while chunk := posix.read(0, 1 << 16):
            chunks.append(chunk)
    except OSError as error:
        raise IOFailure("error reading from stdin", error.strerror or str(error)) from None
    return b"".join(chunks)


def answer(
    plugin: Plugin, environ: Mapping[str, str], read: Callable[[], bytes], kernel: Kernel | None = None
) -> Answer:
    """The answer to one call. Never raises."""
    if not environ.get("CNI_COMMAND") and plugin.about:
        return Answer(0, errors=f"{plugin.about}\nCNI protocol versions supported: {', '.join(plugin.versions)}\n")
    try:
        return Answer(0, run(plugin, environ, read, kernel))
    except CNIError as error:
        return refuse(error)
    except Exception as error:
        return refuse(as_defect(error, plugin))


def refuse(error: CNIError) -> Answer:
    """The answer to a call that failed; of a defect stderr has the traceback."""
    if not isinstance(error, InternalError):
        return Answer(1, dumps(error.as_object(), 4))
    import traceback

    return Answer(1, dumps(error.as_object(), 4), "".join(traceback.format_exception(error)))


def as_defect(error: Exception, plugin: Plugin, version: str = "") -> InternalError:
    """What to tell of an exception nobody expected, and whose it is."""
    from poplin.invoke.entry import PLUGINS

    name = type(error).__name__
    owner = "Poplin" if plugin.type in PLUGINS else f"the plugin {plugin.type}"
    defect = InternalError(str(error) or name, f"this {name} is a defect of {owner}; stderr has the details")
    defect.__cause__ = error
    defect.version = version
    return defect


def run(plugin: Plugin, environ: Mapping[str, str], read: Callable[[], bytes], kernel: Kernel | None) -> str:
    """The text for stdout of a call that succeeds. Raises CNIError."""
    env = Environment(environ)
    if not env.command:
        raise InvalidEnvironment("required env variables are missing", "CNI_COMMAND")
    if env.command == "VERSION":
        return reply_to_version(plugin.versions)
    config = read_config(read())
    try:
        call = make_call(env, config, plugin.versions)
        reply = perform(plugin, call, kernel or Kernel())
    except CNIError as error:
        error.version = config.version
        raise
    except Exception as error:
        raise as_defect(error, plugin, config.version) from error
    return "" if reply is None else dumps(reply, 4)


def reply_to_version(versions: Sequence[str] = KNOWN) -> str:
    """The answer to VERSION, which the C launcher gives too."""
    return dumps({"cniVersion": NEWEST, "supportedVersions": list(versions)}) + "\n"


def perform(plugin: Plugin, call: Call, kernel: Kernel) -> dict[str, object] | None:
    """Run the verb; one that the plugin does not have is done at once. Raises CNIError.

    Also the way in for a delegation inside the process, where environment and configuration have been read already.
    """
    call.config.type = plugin.type  # whatever it says, this is who was called
    check_namespace(call, kernel)
    verb = plugin.verbs.get(call.env.command)
    if verb is None:
        return None
    try:
        return check_reply(call, verb(call, kernel))
    except NetlinkError as error:
        raise KernelRefused(str(error)) from error
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise IOFailure(f"{call.config.type}: {where}{error.strerror or error}") from error


def check_reply(call: Call, reply: dict[str, object] | None) -> dict[str, object] | None:
    """What the verb returned. Raises InternalError for an ADD without a result: its caller would take that for one."""
    if call.env.command == "ADD" and not isinstance(reply, dict):
        kind = type(reply).__name__
        raise InternalError(f"ADD of {call.config.type} returned {kind}", "return what `call.reply(result)` makes")
    return reply


def check_namespace(call: Call, kernel: Kernel) -> None:
    """Refuse to work on the plugin's own namespace, before any work: a recycled path would cost the host its links."""
    if call.env.command in ("ADD", "DEL") and not call.env.netns_override and kernel.is_own_namespace(call.netns):
        raise InvalidNamespace("CNI_NETNS is the network namespace of the plugin itself", call.netns)


def note(call: Call, text: str) -> None:
    """One line on stderr about this attachment."""
    write_stderr(f"{call.config.type} {call.container_id} {call.ifname}: {text}\n")
