"""The network of `dhcp_lab` for the tests beside this file."""

from dhcp_lab import daemon, make_server, member, network, server, start_daemon

__all__ = ["daemon", "make_server", "member", "network", "server", "start_daemon"]
