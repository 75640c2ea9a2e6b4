"""The same for plugin dnsname, which would start a server."""

from __future__ import annotations

# As IN_THE_CODE.
DNSNAME_IN_THE_CODE = (  # tests/plugins/dnsname
    "dnsname needs dnsmasq",
    "there is no bridge that the containers are on",
    "... has no address to answer at",
    "... does not lead to ...",
    "... does not start; ...: Address already in use",
    "... is not to be trusted",
)
