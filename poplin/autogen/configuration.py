"""From an intent to the configuration of a Windows CNI plugin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from poplin.autogen.checking import ERROR, PLUGIN_TYPES, check_configuration, find_plugin
from poplin.autogen.intent import ADDRESSES, Intent, read_intent
from poplin.autogen.nearest import find_nearest
from poplin.autogen.policy import Policy
from poplin.autogen.problem import Review
from poplin.autogen.profile import Default, Profile
from poplin.autogen.profiles import get_profile
from poplin.autogen.values import quote, read_ipv4, read_ipv4_prefix
from poplin.spec.versions import KNOWN

PASSED_THROUGH = ("name", "type", "cniVersion")  # written even if the plugin refuses them, with a warning


@dataclass(frozen=True)
class Generated:
    """A configuration, its policies in the order in which they stand there, and what its author should know."""

    document: dict[str, object]
    policies: tuple[Policy, ...]
    warnings: tuple[str, ...]

    def as_list(self) -> dict[str, object]:
        """The same as a network configuration list of one plugin."""
        head = {key: self.document[key] for key in ("cniVersion", "name")}
        return {**head, "plugins": [{key: value for key, value in self.document.items() if key not in head}]}


def generate(intent: Mapping[str, object], profile: str = "1.0.0", *, strict: bool = False) -> Generated:
    """The configuration for an intent, `{"Name": ..., "Type": ..., "Subnet": ...}`.

    `profile` is "1.0.0", the specification, or "0.3.1", the last published script; `strict` enforces all that the
    specification marks mandatory, and known types of policies. Raises IntentError with everything that is wrong,
    ValueError for an unknown profile.
    """
    chosen = get_profile(profile)
    review = Review()
    wanted = read_intent(intent, chosen, strict, review)
    review.warnings.extend(list_doubts(wanted))
    review.warnings.extend(list_absences(wanted, chosen))
    policies = arrange(wanted, chosen)
    document = build(wanted, policies)
    if plugin := find_plugin(wanted.type):
        hold_against_schema(document, plugin, review)
    review.settle()
    return Generated(document, tuple(policies), tuple(dict.fromkeys(review.warnings)))


def hold_against_schema(document: dict[str, object], plugin: str, review: Review) -> None:
    """What the plugin will say to the document; its policies were checked where their author wrote them."""
    ignored = []
    for finding in check_configuration(document):
        if finding.severity != ERROR and finding.where in document:
            ignored.append(finding.where)
        elif not finding.where.startswith("AdditionalArgs["):
            is_problem = finding.severity == ERROR and finding.where not in PASSED_THROUGH
            (review.problems if is_problem else review.warnings).append(f"plugin {plugin}: {finding}")
    if ignored:  # nothing of this was the user's choice, except the plugin
        better = plugin.replace("win-", "sdn")
        review.warnings.append(f"Type: {plugin} ignores {' and '.join(ignored)}, so all policies; {better} reads them")


def arrange(intent: Intent, profile: Profile) -> list[Policy]:
    """Default and user policies in the profile's order."""
    defaults = () if intent.skip_defaults else profile.defaults
    filled = [policy for policy in (default.fill(intent.addresses) for default in defaults) if policy]
    ordered = sorted([*filled, *intent.policies], key=profile.place)
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


def list_doubts(intent: Intent) -> Iterator[str]:
    """What is allowed, and probably a mistake."""
    if not find_plugin(intent.type):
        nearest = find_nearest(intent.type, PLUGIN_TYPES)
        hint = f"; did you mean {quote(nearest)}?" if nearest else f"; known are {', '.join(PLUGIN_TYPES)}"
        yield f"Type: {quote(intent.type)} is no type of a Windows plugin{hint}"
    if intent.version not in KNOWN:
        yield f"Version: {quote(intent.version)} is no version of the CNI specification; known are {', '.join(KNOWN)}"
    subnet, gateway = intent.addresses.get("Subnet"), intent.addresses.get("Gateway")
    if subnet and gateway and read_ipv4(gateway) not in read_ipv4_prefix(subnet):
        yield f"Gateway: {gateway} is not in the Subnet {subnet}"


def list_absences(intent: Intent, profile: Profile) -> Iterator[str]:
    """What is left out because a key is absent, and which address has no use."""
    defaults = () if intent.skip_defaults else profile.defaults
    for key in profile.keys:
        needing = [default for default in defaults if key.name in default.needs]
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
