"""The policy server's HTTP interfaces: for people and the command line, for agents of hosts, for health checks."""
