"""From an intent to the configuration of a Windows CNI plugin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from poplin.autogen.checking import COUNTERPARTS, PLUGIN_TYPES, check_configuration, find_plugin
from poplin.autogen.intent import ADDRESSES, Intent, read_intent
from poplin.autogen.policy import Policy
from poplin.autogen.problem import IntentError, Review
from poplin.autogen.profile import Default, Profile
from poplin.autogen.profiles import get_profile
from poplin.schema.finding import ERROR
from poplin.schema.nearest import find_nearest
from poplin.schema.plain import make_plain
from poplin.schema.values import quote, read_ipv4, read_ipv4_prefix
from poplin.spec.names import is_identifier
from poplin.spec.versions import KNOWN, is_at_least

PASSED_THROUGH = ("type", "cniVersion", "ipam.type")  # written even if the plugin refuses them, with a warning
LISTS_ONLY_SINCE = "1.0.0"  # of the CNI specification


@dataclass(frozen=True)
class Generated:
    """A configuration, its policies in the order in which they stand there, and what its author should know."""

    document: dict[str, object]
    policies: tuple[Policy, ...]
    warnings: tuple[str, ...]


def generate(
    intent: Mapping[str, object], profile: str = "1.0.0", *, strict: bool = False, as_list: bool = False
) -> Generated:
    """The configuration for an intent, `{"Name": ..., "Type": ..., "Subnet": ...}`.

    `profile` is "1.0.0", the specification, or "0.3.1", the last published script; `strict` enforces all that the
    specification marks mandatory, and known types of policies; `as_list` makes it a network configuration list of one
    plugin. Raises IntentError with everything that is wrong, ValueError for an unknown profile.
    """
    chosen = get_profile(profile)
    review = Review()
    wanted = read_intent(copy_intent(intent), chosen, strict, review)
    policies = arrange(wanted, chosen)
    document = build(wanted, policies)
    review.warnings.extend([*list_doubts(wanted, as_list), *list_absences(wanted, chosen)])
    if plugin := find_plugin(wanted.type):
        hold_against_schema(document, plugin, review)
    review.settle()
    return Generated(wrap(document) if as_list else document, tuple(policies), tuple(dict.fromkeys(review.warnings)))


def copy_intent(intent: object) -> dict[str, object]:
    """Plain JSON of it. Raises IntentError."""
    try:
        copy = make_plain(intent)
    except ValueError as error:
        raise IntentError(str(error)) from None
    if not isinstance(copy, dict):
        raise IntentError(f'{quote(intent)} is not an intent; write an object like {{"Name": ...}}')
    return copy


def hold_against_schema(document: dict[str, object], plugin: str, review: Review) -> None:
    """What the plugin will say to the document; its policies were checked where their author wrote them."""
    ignored = []
    doubted = {"name"} if document["cniVersion"] in KNOWN else {"name", "cniVersion"}  # `list_doubts` says it better
    for finding in check_configuration(document):
        if finding.where in doubted:
            continue
        if finding.severity != ERROR and finding.where in document:
            ignored.append(finding.where)
        elif not finding.where.startswith("AdditionalArgs["):
            is_problem = finding.severity == ERROR and finding.where not in PASSED_THROUGH
            (review.problems if is_problem else review.warnings).append(f"plugin {plugin}: {finding}")
    if ignored:  # nothing of this was the user's choice, except the plugin
        text = f"Type: {plugin} ignores {' and '.join(ignored)}, so all policies; {COUNTERPARTS[plugin]} reads them"
        review.warnings.append(text)


def list_defaults(intent: Intent, profile: Profile) -> tuple[Default, ...]:
    """The profile's policies, unless the intent skips them."""
    return () if intent.skip_defaults else profile.defaults


def arrange(intent: Intent, profile: Profile) -> list[Policy]:
    """Default and user policies in the profile's order."""
    filled = [default.fill(intent.addresses) for default in list_defaults(intent, profile)]
    ordered = sorted([*filter(None, filled), *intent.policies], key=profile.place)
    unset = profile.no_priority
    return [drop_priority(policy) if unset is not None and policy.priority == unset else policy for policy in ordered]


def drop_priority(policy: Policy) -> Policy:
    """Without the setting."""
    return replace(policy, settings={key: value for key, value in policy.settings.items() if key.lower() != "priority"})


def build(intent: Intent, policies: list[Policy]) -> dict[str, object]:
    """The document; keys and their case are the specification's."""
    subnet = intent.addresses.get("Subnet")
    gateway = intent.addresses.get("Gateway")
    document: dict[str, object] = {
        "cniVersion": intent.version,
        "name": intent.name,
        "type": intent.type,
        "master": "Ethernet",
        "capabilities": {"portMappings": True, "dns": True},
        "ipam": {
            "environment": "azure",
            **({"subnet": subnet} if subnet else {}),
            **({"routes": [{"GW": gateway}]} if gateway else {}),
        },
        "dns": {
            **({"Nameservers": intent.servers} if intent.servers else {}),
            "Search": ["svc.cluster.local"],
        },
        "optionalFlags": {"localRoutedPortMapping": True, "allowAclPortMapping": True},
    }
    if policies:
        document["AdditionalArgs"] = [policy.as_argument() for policy in policies]
    return document


def wrap(document: dict[str, object]) -> dict[str, object]:
    """The same as a list of one plugin, which has the name and the version at its head."""
    head = {key: document[key] for key in ("cniVersion", "name")}
    return {**head, "plugins": [{key: value for key, value in document.items() if key not in head}]}


def list_doubts(intent: Intent, as_list: bool) -> Iterator[str]:
    """What is allowed, and probably a mistake."""
    if not find_plugin(intent.type):
        nearest = find_nearest(intent.type, PLUGIN_TYPES)
        hint = f"; did you mean {quote(nearest)}?" if nearest else f"; known are {', '.join(PLUGIN_TYPES)}"
        yield f"Type: {quote(intent.type)} is no type of a Windows plugin{hint}"
    if not is_identifier(intent.name):
        yield (
            f"Name: {quote(intent.name)} is refused by container runtimes as the name of a network; write a letter or"
            " digit, then letters, digits, `_`, `.` and `-`"
        )
    if not as_list and is_at_least(intent.version, LISTS_ONLY_SINCE):
        yield (
            f"Version: single configurations were removed from the CNI specification with {LISTS_ONLY_SINCE}, and this"
            f" is {intent.version}; write a list, with --list"
        )
    if intent.version not in KNOWN:
        yield f"Version: {quote(intent.version)} is no version of the CNI specification; known are {', '.join(KNOWN)}"
    subnet, gateway = intent.addresses.get("Subnet"), intent.addresses.get("Gateway")
    if subnet and gateway and read_ipv4(gateway) not in read_ipv4_prefix(subnet):
        yield f"Gateway: {gateway} is not in the Subnet {subnet}"


def list_absences(intent: Intent, profile: Profile) -> Iterator[str]:
    """What is left out because a key is absent, and which address has no use."""
    for key in profile.keys:
        needing = [default for default in list_defaults(intent, profile) if key.name in default.needs]
        if key.name in ("DnsServers", *ADDRESSES) and not is_there(key.name, intent):
            effects = [key.absence] if key.absence else []
            effects += [describe_absence(default, intent) for default in needing]
            if effects:
                yield f"{key.name} is absent, so {', '.join(effects)}"
        elif key.name in ADDRESSES and not needing and not key.absence and not intent.skip_defaults:
            yield f"{key.name} is not used by profile {profile.version}"


def is_there(name: str, intent: Intent) -> bool:
    """Whether the intent has this key."""
    return bool(intent.servers) if name == "DnsServers" else name in intent.addresses


def describe_absence(default: Default, intent: Intent) -> str:
    """What becomes of a default policy that needs an absent address."""
    name = f"the default {default.name}"
    return f"{name} is without it" if default.fill(intent.addresses) else f"{name} is left out"
