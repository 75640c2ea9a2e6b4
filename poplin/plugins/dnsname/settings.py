"""What a network may tell dnsname, read and checked before anything is touched."""

from __future__ import annotations

from poplin.plugins.dnsname.names import find_complaint, find_name, join_names, read_aliases
from poplin.plugins.dnsname.place import LONGEST
from poplin.spec.errors import InvalidConfig
from poplin.spec.names import is_host_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.call import Call


class Settings:
    """`domain` of the network, empty for none; `names` of the container, `complaint` if its own is not used."""

    def __init__(self, call: Call) -> None:
        """Raises DecodingFailure, InvalidConfig, or UnsupportedField."""
        self.domain = call.fields.text("domainName")
        if self.domain and not is_host_name(self.domain):
            raise InvalidConfig("invalid `domainName`", f"{self.domain!r} is not a domain, like dns.podman")
        if len(call.config.name) > LONGEST:
            details = f"{len(call.config.name)} letters; its folder can have {LONGEST}: choose a shorter one"
            raise InvalidConfig("the network's name is too long", details)
        self.names = join_names(find_name(call), read_aliases(call))
        self.complaint = find_complaint(call)
        if call.is_strict:
            call.fields.reject_unknown()

    @property
    def full_names(self) -> list[str]:
        """With the domain, which dnsmasq adds to those without a dot."""
        return [each if "." in each or not self.domain else f"{each}.{self.domain}" for each in self.names]
