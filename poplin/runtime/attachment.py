"""One container's place on one network, as the runtime sees it: who, where, and what it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from poplin.spec.errors import InvalidEnvironment
from poplin.spec.names import check_container_id, check_interface_name


@dataclass(frozen=True)
class Attachment:
    """The parameters of ADD, CHECK and DEL; all three verbs must be given the same ones.

    container_id      unique on the host; letters, digits, `_`, `.`, `-`
    netns             path of the network namespace, as /run/netns/blue
    ifname            name of the interface in the container
    args              CNI_ARGS, ("IP", "10.22.0.5") for instance
    capability_args   what plugins that declare the capability get as `runtimeConfig`: {"portMappings": [...]}
    config_args       what every plugin gets as `args.cni` (CONVENTIONS.md): {"labels": [{"key": ..., "value": ...}]}
    """

    container_id: str
    netns: str = ""
    ifname: str = "eth0"
    args: tuple[tuple[str, str], ...] = ()
    capability_args: Mapping[str, object] = field(default_factory=dict)
    config_args: Mapping[str, object] = field(default_factory=dict)

    @property
    def identity(self) -> tuple[str, str]:
        """What names it within its network."""
        return self.container_id, self.ifname

    def check(self) -> None:
        """Raises CNIError for values that must not become file names and environment variables."""
        check_container_id(self.container_id)
        check_interface_name(self.ifname)
        if "\0" in self.netns or any("\0" in text for pair in self.args for text in pair):
            raise InvalidEnvironment("invalid attachment", "CNI_NETNS or CNI_ARGS contains a NUL byte")

    def environ(self) -> dict[str, str]:
        """Its part of a plugin's environment."""
        return {
            "CNI_CONTAINERID": self.container_id,
            "CNI_NETNS": self.netns,
            "CNI_IFNAME": self.ifname,
            "CNI_ARGS": ";".join(f"{key}={value}" for key, value in self.args),
        }


NO_ATTACHMENT = {"CNI_CONTAINERID": "", "CNI_NETNS": "", "CNI_IFNAME": "", "CNI_ARGS": ""}  # of GC and STATUS
