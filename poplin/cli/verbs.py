"""The verbs of `poplin`, in the order of its help: a table that is read without importing any of them.

A verb may be two words, as `plugin check`.
"""

from __future__ import annotations

from poplin.spec.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

ABOUT = "Join containers to networks: call CNI plugins as a container runtime does, and ship some of our own."


# First words that are no verb by themselves.
GROUPS = {"plugin": "write plugins, and check any", "policy": "who may talk to whom, at the policy server"}


class Verb(Record):
    """The module that has `add_arguments` and `run`, one line, and an example.

    One that takes a command has it after `--`; one that is portable needs nothing of Linux.
    """

    __slots__ = ("example", "is_portable", "module", "summary", "takes_command")

    def __init__(
        self, module: str, summary: str, example: str, *, takes_command: bool = False, is_portable: bool = False
    ) -> None:
        self.module = module
        self.summary = summary
        self.example = example
        self.takes_command = takes_command
        self.is_portable = is_portable


VERBS = {
    "run": Verb(
        "run",
        "run a command in a network namespace of its own, attached",
        "poplin run mynet -- ip addr",
        takes_command=True,
    ),
    "add": Verb("add", "attach a network namespace to a network", "poplin add mynet /run/netns/blue"),
    "check": Verb("check", "is it still attached as `add` left it?", "poplin check mynet /run/netns/blue"),
    "del": Verb("delete", "detach it", "poplin del mynet /run/netns/blue"),
    "status": Verb("status", "would `add` succeed now?", "poplin status mynet"),
    "gc": Verb("gc", "remove what containers that are gone left behind", "poplin gc mynet --dry-run"),
    "reload": Verb("reload", "restore the firewall after somebody flushed it", "poplin reload"),
    "list": Verb("list", "show what is connected, and what has drifted", "poplin list --drawing"),
    "validate": Verb("validate", "find what is wrong with network configurations", "poplin validate mynet.conflist"),
    "doctor": Verb("doctor", "find what ails this host, and what mends it", "poplin doctor"),
    "schema": Verb(
        "schema", "print the JSON Schema of a plugin for your editor", "poplin schema bridge", is_portable=True
    ),
    "autogen": Verb(
        "autogen",
        "write the configuration of a Windows CNI plugin from intent",
        "poplin autogen --from-json intent.json --explain",
        is_portable=True,
    ),
    "dhcp": Verb("dhcp", "hold the leases of containers that the plugin dhcp asks for", "poplin dhcp daemon"),
    "plugin new": Verb(
        "plugin_new", "write a plugin of your own, with schema, tests and page", "poplin plugin new knock --chained"
    ),
    "plugin check": Verb(
        "plugin_check", "does a plugin keep to the specification?", "poplin plugin check /opt/cni/bin/bridge"
    ),
    "controller": Verb("controller", "run the policy server", "poplin controller"),
    "controller check-config": Verb(
        "controller_check_config",
        "find what is wrong with the policy server's configuration",
        "poplin controller check-config --connect",
    ),
    "controller migrate": Verb(
        "controller_migrate", "make the policy server's tables, or bring them up to date", "poplin controller migrate"
    ),
    "policy list": Verb("policy_list", "show who may talk to whom", "poplin policy list web"),
    "policy add": Verb("policy_add", "let one app talk to another", "poplin policy add web db --port 5432"),
    "policy remove": Verb(
        "policy_remove", "no longer let one app talk to another", "poplin policy remove web db --port 5432"
    ),
    "completion": Verb(
        "completion",
        "make a shell complete all this",
        "poplin completion bash > /etc/bash_completion.d/poplin",
    ),
    "build": Verb("build", "write the plugins of this checkout into a folder", "poplin build ./bin"),
    "install": Verb(
        "install", "install the plugins for every container runtime", "poplin install --bin-dir /opt/cni/bin"
    ),
    "uninstall": Verb("uninstall", "remove exactly what `install` installed", "poplin uninstall"),
}


def split(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """The verb that a command line begins with, and the rest of it; no verb if it begins with none."""
    for count in (2, 1):
        name = " ".join(arguments[:count])
        if len(arguments) >= count and name in VERBS:
            return name, list(arguments[count:])
    return "", list(arguments)


def name_page(name: str) -> str:
    """What the pages of a verb are called: `plugin-check`."""
    return name.replace(" ", "-")
