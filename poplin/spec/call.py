"""One invocation of a plugin: environment and stdin as a checked record, or the right error.

The order of the checks is the reference's, because callers see which error comes first: malformed values, missing
variables, the document, the network name, then the versions.
"""

from __future__ import annotations

from poplin.spec.convert import convert, convert_to_newest_family
from poplin.spec.errors import DecodingFailure, IncompatibleVersion, InvalidConfig, InvalidEnvironment
from poplin.spec.fields import Fields
from poplin.spec.jsontext import loads_object
from poplin.spec.names import check_container_id, check_interface_name, check_network_name
from poplin.spec.result import Result, format_result, parse_result
from poplin.spec.versions import (
    FAMILIES,
    NEWEST,
    OLDEST,
    VERB_SINCE,
    check_supported,
    is_at_least,
    list_versions,
    parse_version,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ATTACHMENT = ("CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH")

# What each verb needs in its environment, in the order in which the missing are listed.
REQUIRED = {
    "ADD": ATTACHMENT,
    "CHECK": ATTACHMENT,
    "DEL": ("CNI_CONTAINERID", "CNI_IFNAME", "CNI_PATH"),
    "GC": ("CNI_PATH",),
    "STATUS": ("CNI_PATH",),
    "VERSION": (),
}
# Never unknown to a strict configuration; the reference's runtime leaves `capabilities` in what it sends.
KNOWN_EVERYWHERE = ("args", "capabilities", "runtimeConfig", "prevResult", "strict", "dns")
UNKNOWN_COMMAND = "unknown CNI_COMMAND: "  # libcni takes exactly this text, with VERSION, for a plugin of 0.1.0


class Environment:
    """The CNI_ variables of one call, checked for `command`; `everything` is the whole environment they came in."""

    __slots__ = ("args", "command", "container_id", "everything", "ifname", "netns", "netns_override", "path")

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Raises InvalidEnvironment, also listing every required variable that is missing."""
        self.everything = environ
        self.command = environ.get("CNI_COMMAND", "")
        required = REQUIRED.get(self.command, ())
        container_id = environ.get("CNI_CONTAINERID", "")
        ifname = environ.get("CNI_IFNAME", "")
        if container_id and "CNI_CONTAINERID" in required:
            check_container_id(container_id)
        if ifname and "CNI_IFNAME" in required:
            check_interface_name(ifname)
        missing = [name for name in required if not environ.get(name)]
        if missing:
            raise InvalidEnvironment("required env variables are missing", ", ".join(missing))
        is_attachment = "CNI_IFNAME" in required
        self.container_id = container_id if is_attachment else ""
        self.ifname = ifname if is_attachment else ""
        self.netns = environ.get("CNI_NETNS", "") if is_attachment else ""
        self.args = environ.get("CNI_ARGS", "") if is_attachment else ""
        self.path = environ.get("CNI_PATH", "")
        self.netns_override = environ.get("CNI_NETNS_OVERRIDE", "").lower() in ("1", "true")


class Config:
    """The network configuration, an object from stdin: name and version checked, everything else in `fields`.

    `text` is what it was read from, empty for one that was never text: only there can a key stand twice.
    """

    __slots__ = ("fields", "name", "source", "text", "type", "version")

    def __init__(self, source: dict[str, object], text: str | bytes = b"") -> None:
        """Raises DecodingFailure (wrong types) or InvalidConfig (no or bad name)."""
        self.source = source
        self.text = text
        self.fields = Fields(source)
        self.name = self.fields.text("name")
        check_network_name(self.name)
        self.version = self.fields.text("cniVersion") or OLDEST
        self.type = self.fields.text("type")
        for key in KNOWN_EVERYWHERE:
            self.fields.raw(key)


class Call:
    """What a verb is given: who (`container_id`, `netns`, `ifname`), what (`config`, `fields`), and how to answer."""

    __slots__ = ("config", "env")

    def __init__(self, env: Environment, config: Config) -> None:
        self.env = env
        self.config = config

    def __repr__(self) -> str:
        return f"<Call {self.env.command} {self.key}>"

    # Short names for what every plugin asks.

    @property
    def fields(self) -> Fields:
        """The configuration."""
        return self.config.fields

    @property
    def container_id(self) -> str:
        """CNI_CONTAINERID."""
        return self.env.container_id

    @property
    def ifname(self) -> str:
        """CNI_IFNAME."""
        return self.env.ifname

    @property
    def netns(self) -> str:
        """CNI_NETNS, a path; for DEL it may be empty or gone."""
        return self.env.netns

    @property
    def key(self) -> str:
        """The attachment: `network/containerid/ifname`. None of the three may contain a slash."""
        return f"{self.config.name}/{self.container_id}/{self.ifname}"

    @property
    def is_strict(self) -> bool:
        """Whether unknown keys are refused."""
        return self.fields.flag("strict")

    # What travels inside the configuration.

    def find_prev_result(self) -> Result | None:
        """`prevResult` in the newest shape, None if absent. Raises DecodingFailure.

        Its version may be absent (then it is the config's) or differ within the config's family.
        """
        source = self.fields.mapping("prevResult")
        if not source:
            return None
        given = Fields(source).text("cniVersion")
        version = given or self.config.version
        if FAMILIES.get(version) != FAMILIES.get(self.config.version):
            raise DecodingFailure(
                "cannot decode prevResult",
                f"its version {version!r} does not go with the config's {self.config.version!r}",
            )
        return convert_to_newest_family(parse_result({**source, "cniVersion": version}), NEWEST)

    def get_prev_result(self) -> Result:
        """Like `find_prev_result`, and it must be there. Raises InvalidConfig."""
        result = self.find_prev_result()
        if result is None:
            needs = f"{self.env.command} needs what ADD answered, or the plugin before this one"
            raise InvalidConfig("required prevResult is missing", needs)
        return result

    def valid_attachments(self) -> frozenset[tuple[str, str]]:
        """(container id, ifname) of every attachment that GC must leave alone."""
        items = self.fields.objects("cni.dev/valid-attachments")
        return frozenset((item.text("containerID"), item.text("ifname")) for item in items)

    def reply(self, result: Result) -> dict[str, object]:
        """The result object for stdout in the config's version. Raises DecodingFailure if it has no such form."""
        return format_result(convert(result, self.config.version))


def read_config(stdin: str | bytes) -> Config:
    """The configuration on stdin. Raises DecodingFailure, or InvalidConfig for its name."""
    return Config(loads_object(stdin, "the network configuration on stdin"), stdin)


def make_call(env: Environment, config: Config, supported: Sequence[str]) -> Call:
    """The call, if the plugin knows the verb in `env` and supports it at the config's version."""
    if env.command not in VERB_SINCE:
        raise InvalidEnvironment(UNKNOWN_COMMAND + env.command)
    check_version(env.command, config.version, supported)
    return Call(env, config)


def check_version(command: str, version: str, supported: Sequence[str]) -> None:
    """Raises IncompatibleVersion, or DecodingFailure for a version that is none."""
    since = VERB_SINCE[command]
    if since != OLDEST:
        if not is_at_least(version, since):
            raise IncompatibleVersion(f"config version does not allow {command}", f"{version!r} is below {since}")
        if not any(parse_version(known) >= parse_version(version) for known in supported):
            newer = f"{version!r} is above what it supports: {list_versions(supported)}"
            raise IncompatibleVersion(f"plugin version does not allow {command}", newer)
    check_supported(version, supported)
