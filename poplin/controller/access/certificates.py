"""Without a UAA: the names of client certificates stand for scopes, as the configuration says, and for nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from poplin.controller.access.caller import Caller, Unauthenticated


class CertificateAuthenticator:
    """Gives a certificate the scopes of all its names that the configuration lists. Names must be equal, no patterns.

    Whether the certificate is genuine, the TLS listener has found out before.
    """

    def __init__(self, scopes: Mapping[str, frozenset[str]]) -> None:
        """`scopes`: what each name stands for."""
        self._scopes = dict(scopes)

    def identify(self, authorization: str | None, names: Sequence[str]) -> Caller:
        """The caller, called by the first name that is listed; the header is not looked at."""
        if not names:
            raise Unauthenticated("missing client certificate")
        known = [name for name in names if name in self._scopes]
        if not known:
            raise Unauthenticated(f"no scopes are configured for a client certificate named {', '.join(names)}")
        return Caller(known[0], known[0], frozenset().union(*(self._scopes[name] for name in known)))
