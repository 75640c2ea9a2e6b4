"""The rules, in the order in which they are judged and shown, and what each demands.

The sections are those of the specification, https://www.cni.dev/docs/spec/, and `good practice` for what a runtime
relies on though no section has it: who departs from that gets advice.
"""

from __future__ import annotations

from poplin.conformance.rule import CHAINED, INTERFACE, KINDS, PRACTICE, Rule
from poplin.spec.versions import OLDEST

PROTOCOL = "Section 2: Parameters"
ADD = "Section 2: ADD"
DEL = "Section 2: DEL"
CHECK = "Section 2: CHECK"
LIFECYCLE = "Section 3: Lifecycle & Ordering"
STATUS = "Section 2: STATUS"
VERSION = "Section 2: VERSION"
GC = "Section 2: GC"
ERRORS = "Section 5: Error"
SUCCESS = "Section 5: ADD Success"
VERSIONS = "Section 5: Version Success"
NETNS = (INTERFACE,)
NOT_IPAM = (INTERFACE, CHAINED)

# Group (a module of poplin/conformance/rules) -> name, section, demand, kinds of plugins that it is for.
GROUPS: dict[str, list[tuple[str, str, str, tuple[str, ...]]]] = {
    "version": [
        ("version-answers", VERSION, "VERSION prints one JSON object with a cniVersion, and exits with 0", KINDS),
        (
            "version-lists-versions",
            VERSIONS,
            "supportedVersions lists at least one version that there is, and nothing but versions",
            KINDS,
        ),
        ("version-without-stdin", PRACTICE, "VERSION answers where stdin is empty or closed", KINDS),
        ("version-without-variables", PROTOCOL, "VERSION needs no variable but CNI_COMMAND", KINDS),
    ],
    "verbs": [
        ("add-works", ADD, "ADD exits with 0", KINDS),
        ("add-prints-one-object", ADD, "ADD prints one JSON object, and nothing besides", KINDS),
        ("del-works", DEL, "DEL after ADD exits with 0", KINDS),
        ("del-prints-nothing", PRACTICE, "DEL that succeeds prints nothing on stdout", KINDS),
        ("check-works", CHECK, "CHECK right after ADD exits with 0, any number of times", KINDS),
        ("check-prints-nothing", CHECK, "CHECK that succeeds prints nothing on stdout", KINDS),
        ("status-works", STATUS, "STATUS exits with 0 where ADD works, and prints nothing", KINDS),
        ("gc-works", GC, "GC exits with 0, and prints nothing", KINDS),
        ("unknown-verb-refused", ERRORS, "another CNI_COMMAND is refused with code 4", KINDS),
        (
            "check-refused-before-its-time",
            CHECK,
            "CHECK is refused in versions before 0.4.0, with code 1, or 4 by plugins that do not know it",
            KINDS,
        ),
        (
            "gc-and-status-refused-before-their-time",
            GC,
            "GC and STATUS are refused in versions before 1.1.0, with code 1, or 4 by plugins that know neither",
            KINDS,
        ),
    ],
    "versions": [
        ("each-version-works", VERSIONS, "ADD, CHECK and DEL work in every version of supportedVersions", KINDS),
        ("result-has-the-shape", SUCCESS, "the result has the shape of the version that was asked for", KINDS),
        ("result-names-its-version", SUCCESS, "cniVersion of the result is that of the configuration", KINDS),
        ("unknown-version-refused", ERRORS, "a version that is not supported is refused with code 1", KINDS),
    ],
    "errors": [
        (
            "missing-variables-refused",
            ERRORS,
            "ADD or DEL without a variable it requires is refused with code 4",
            KINDS,
        ),
        ("bad-container-id-refused", PROTOCOL, "a container ID with other characters is refused with code 4", KINDS),
        ("bad-ifname-refused", PROTOCOL, "a name no interface can have is refused with code 4", KINDS),
        ("missing-netns-refused", ADD, "ADD fails where CNI_NETNS leads nowhere", NETNS),
        ("bad-json-refused", ERRORS, "a configuration that is no JSON object is refused with code 6", KINDS),
        ("empty-stdin-refused", ERRORS, "an empty configuration is refused with code 5 or 6", KINDS),
        ("bad-network-name-refused", ERRORS, "a network name that may not be is refused with code 7", KINDS),
        ("errors-are-objects", ERRORS, "an error is one JSON object on stdout, with code and msg", KINDS),
        ("errors-have-a-status", ERRORS, "with an error the exit status is not 0", KINDS),
        ("errors-name-their-version", ERRORS, "an error has the cniVersion of the configuration", KINDS),
        ("codes-are-of-the-specification", ERRORS, "codes below 100 are those of the specification", KINDS),
        ("no-crash", PRACTICE, "no configuration makes it crash", KINDS),
    ],
    "repeats": [
        ("del-may-be-repeated", DEL, "DEL succeeds again and again", KINDS),
        ("del-of-what-was-never-added", DEL, "DEL succeeds where there was no ADD", KINDS),
        ("del-after-the-netns-is-gone", DEL, "DEL succeeds where CNI_NETNS leads nowhere", KINDS),
        ("del-without-netns", DEL, "DEL succeeds where CNI_NETNS is empty or absent", KINDS),
        ("del-without-result", DEL, "DEL succeeds without prevResult", KINDS),
        ("add-after-del", ADD, "a container can be added again after DEL", KINDS),
        ("taken-name-refused", ADD, "ADD fails where the container has an interface of that name already", NETNS),
        ("add-twice-is-one", PRACTICE, "a second ADD fails or answers the same, and one DEL is enough", KINDS),
    ],
    "leftovers": [
        ("del-leaves-nothing", DEL, "DEL removes all that ADD made", KINDS),
        ("late-del-leaves-nothing", DEL, "so does DEL after the namespace is gone", KINDS),
        ("failed-add-leaves-nothing", PRACTICE, "ADD that fails leaves nothing", KINDS),
        ("killed-add-can-be-deleted", DEL, "DEL removes what ADD made until it was killed", KINDS),
        ("gc-removes-what-is-not-valid", GC, "GC removes all that is left of what is not valid", KINDS),
        ("gc-keeps-what-is-valid", GC, "GC touches nothing of what is valid", KINDS),
    ],
    "others": [
        ("del-leaves-others-alone", DEL, "DEL touches nothing that belongs to another container", KINDS),
        ("second-interface-works", PROTOCOL, "a container may have two interfaces of one network", KINDS),
        ("del-of-one-interface-keeps-the-other", DEL, "DEL touches nothing of the container's other interface", KINDS),
    ],
    "environment": [
        ("bare-environment-is-enough", PRACTICE, "ADD and DEL need no variable but those of CNI", KINDS),
        ("working-directory-may-be-gone", PRACTICE, "ADD and DEL work in a directory that was removed", KINDS),
        ("unknown-arguments-ignored", PROTOCOL, "CNI_ARGS for others do no harm with IgnoreUnknown", KINDS),
        (
            "nothing-written-elsewhere",
            PRACTICE,
            "files are written below /run, /var/lib, /var/log and /var/cache only",
            KINDS,
        ),
        ("environment-cannot-inject", PRACTICE, "no variable and no working directory brings in code", KINDS),
    ],
    "results": [
        ("result-has-the-interface", SUCCESS, "the result has the container's interface, with its sandbox", NETNS),
        ("interfaces-are-there", SUCCESS, "interfaces of the result are there, with the MACs it says", KINDS),
        ("addresses-point-to-interfaces", SUCCESS, "ips[].interface is the index of one in a container", KINDS),
        ("addresses-are-there", SUCCESS, "addresses of the result are on the container's interface", NETNS),
        ("routes-are-there", SUCCESS, "routes of the result are in the container, over the gateways it says", NETNS),
        ("interface-is-up", PRACTICE, "the container's interface is up after ADD", NETNS),
        ("previous-result-is-kept", ADD, "a chained plugin hands on what prevResult has", (CHAINED,)),
        ("check-notices-a-missing-interface", CHECK, "CHECK fails after the interface was deleted", NETNS),
        ("check-notices-a-missing-address", CHECK, "CHECK fails after an address was deleted", NETNS),
        ("check-without-result-refused", PRACTICE, "CHECK fails without prevResult", NOT_IPAM),
    ],
    "together": [
        ("adds-at-once", LIFECYCLE, "8 ADDs at once succeed, with 8 addresses that work", KINDS),
        ("dels-at-once", LIFECYCLE, "8 DELs at once succeed, and leave nothing", KINDS),
    ],
}
# What has a section since a newer version: before, the codes 4 to 7 and the letters of names were up to a plugin.
SINCE = dict.fromkeys(
    (
        *("unknown-verb-refused", "missing-variables-refused", "bad-container-id-refused", "bad-ifname-refused"),
        *("bad-json-refused", "empty-stdin-refused", "bad-network-name-refused"),
    ),
    "1.0.0",
)
RULES = {
    name: Rule(name, group, section, demand, kinds, SINCE.get(name, OLDEST))
    for group, rules in GROUPS.items()
    for name, section, demand, kinds in rules
}
