"""The policy server: an API for people (external), one for agents (internal), and what both keep in a database."""
