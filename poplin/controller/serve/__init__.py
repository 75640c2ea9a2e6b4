"""Configuration, listeners, logs and metrics: the policy server as a process."""
