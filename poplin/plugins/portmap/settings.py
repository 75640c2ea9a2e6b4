"""What a network may tell portmap, read and checked before anything is touched."""

from __future__ import annotations

from poplin.plugins.kit.backend import IPTABLES, read_backend
from poplin.plugins.portmap.conditions import guess_dialect, translate
from poplin.plugins.portmap.mapping import read_mapping
from poplin.spec.errors import InvalidConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.call import Call

HIGHEST_MARK_BIT = 31


class Settings:
    """The ports of one attachment (`mappings`), who sees the host as the caller (`snat`, `masq_all`), and what else a
    packet must be like (`conditions`, nft's words by IP version).

    `backend`, `markMasqBit` and `externalSetMarkChain` of the reference are checked as there, and change nothing: there
    is one backend, and it marks no packets.
    """

    def __init__(self, call: Call) -> None:
        """Raises DecodingFailure, InvalidConfig, or UnsupportedField."""
        fields = call.fields
        runtime = fields.fields("runtimeConfig")
        self.backend = read_backend(fields, "backend")
        self.snat = fields.flag("snat", default=True)
        self.masq_all = fields.flag("masqAll")
        self.mark_bit = fields.find_number("markMasqBit")
        self.mark_chain = fields.text("externalSetMarkChain")
        tokens = {4: fields.texts("conditionsV4"), 6: fields.texts("conditionsV6")}
        self.mappings = [read_mapping(item) for item in runtime.objects("portMappings")]
        self.check(tokens)
        self.conditions = {version: translate(words, version) for version, words in tokens.items()}
        if call.is_strict:
            fields.reject_unknown()

    def check(self, tokens: dict[int, list[str]]) -> None:
        """What parses and still cannot be. Raises InvalidConfig."""
        if self.mark_bit is not None and self.mark_chain:
            raise InvalidConfig("cannot specify externalSetMarkChain and markMasqBit", "remove one of them")
        if self.mark_bit is not None and not 0 <= self.mark_bit <= HIGHEST_MARK_BIT:
            raise InvalidConfig(f"invalid markMasqBit {self.mark_bit}", f"it can be 0 to {HIGHEST_MARK_BIT}")
        dialects = {
            "externalSetMarkChain": IPTABLES if self.mark_chain else "",
            "conditionsV4": guess_dialect(tokens[4]),
            "conditionsV6": guess_dialect(tokens[6]),
        }
        if self.backend:
            wrong = [key for key, dialect in dialects.items() if dialect not in ("", self.backend)]
            if wrong:
                raise InvalidConfig(
                    f"backend {self.backend!r} does not go with {', '.join(wrong)}", "they are the other's"
                )
