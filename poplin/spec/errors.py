"""CNI errors: one class for each code the specification defines, and for the few of our own.

A plugin raises the class, never a number; the edge of the process prints the object (SPEC.md, "Error").
Codes 0 to 99 belong to the specification, 100 and above to plugins.
"""

from __future__ import annotations


class CNIError(Exception):
    """An error a container runtime can read: code, msg, details. Other plugins' codes are passed on with `code`.

    `version` is the config's cniVersion, from the moment it is known. A runtime adds where it happened: `step`, a verb
    as `ADD`, of `plugin`, its type, for `network`, its name.
    """

    code = 999
    version = ""
    step = ""
    plugin = ""
    network = ""

    def __init__(self, msg: str, details: str = "", code: int | None = None) -> None:
        super().__init__(msg, details)
        self.msg = msg
        self.details = details
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"{self.msg}; {self.details}" if self.details else self.msg

    def as_object(self) -> dict[str, object]:
        """The error object for stdout."""
        reply: dict[str, object] = {"cniVersion": self.version} if self.version else {}
        reply |= {"code": self.code, "msg": self.msg}
        if self.details:
            reply["details"] = self.details
        return reply


# The specification's own codes.


class UnexplainedFailure(CNIError):
    """The plugin failed and said nothing a program can read; made up by the runtime."""

    code = 0


class IncompatibleVersion(CNIError):
    """The cniVersion is not supported, or does not know the verb."""

    code = 1


class UnsupportedField(CNIError):
    """A config key or value we refuse; the message carries both."""

    code = 2


class UnknownContainer(CNIError):
    """The container is not known; the runtime need not clean up."""

    code = 3


class InvalidEnvironment(CNIError):
    """A CNI_ variable is missing or malformed; the message names it."""

    code = 4


class IOFailure(CNIError):
    """Reading or writing failed, for example stdin."""

    code = 5


class DecodingFailure(CNIError):
    """JSON, an address or a version that does not parse."""

    code = 6


class InvalidConfig(CNIError):
    """The network configuration parses, but asks for something that cannot be."""

    code = 7


class InvalidNamespace(CNIError):
    """CNI_NETNS is no network namespace, or it is the host's own."""

    code = 8


class TryAgainLater(CNIError):
    """Something is busy; the runtime should repeat the call."""

    code = 11


class PluginNotAvailable(CNIError):
    """STATUS: ADD would fail now."""

    code = 50


class LimitedConnectivity(CNIError):
    """STATUS: ADD would fail now, and running containers suffer too."""

    code = 51


class InternalError(CNIError):
    """A defect of ours: an exception nobody expected."""

    code = 999


# Our own, documented in docs/errors.md.


class KernelRefused(CNIError):
    """The kernel said no; the message has the step as an `ip` line and the kernel's reason."""

    code = 100


class NoAddress(CNIError):
    """The address pool is exhausted, or the address asked for is taken."""

    code = 101


class Conflict(CNIError):
    """Something that is not ours, or not this attachment's, stands in the way."""

    code = 102


class CheckFailed(CNIError):
    """CHECK found a difference between prevResult and the kernel or the files."""

    code = 103


OF_SPECIFICATION = {each.code: each for each in CNIError.__subclasses__() if each.code < 100}


def error_from_object(reply: dict[str, object]) -> CNIError:
    """The error a plugin printed, its code, msg and details verbatim (absent ones empty).

    It is of the class of its code only where the specification says what that means.
    """
    given, msg, details = (reply.get(key) for key in ("code", "msg", "details"))
    code = given if isinstance(given, int) and not isinstance(given, bool) else 0
    return OF_SPECIFICATION.get(code, CNIError)(
        msg if isinstance(msg, str) else "", details if isinstance(details, str) else "", code
    )
