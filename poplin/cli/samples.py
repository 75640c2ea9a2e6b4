"""The two networks of the CNI overview, as a beginning: a bridge with a way out, and the loopback interface."""

from __future__ import annotations

import os

from poplin.cli.manifest import digest
from poplin.linux.atomicfile import write_atomic

MYNET = b"""\
{
    "name": "mynet",
    "type": "bridge",
    "bridge": "cni0",
    "isGateway": true,
    "ipMasq": true,
    "ipam": {
        "type": "host-local",
        "subnet": "10.22.0.0/16",
        "routes": [
            { "dst": "0.0.0.0/0" }
        ]
    }
}
"""
LOOPBACK = b"""\
{
    "type": "loopback"
}
"""
SAMPLES = {"10-mynet.conf": MYNET, "99-loopback.conf": LOOPBACK}


def write_samples(folder: str) -> dict[str, str]:
    """Those that are not there; path and digest of each that was written. Raises OSError."""
    missing = {f"{folder}/{name}": text for name, text in SAMPLES.items() if not os.path.lexists(f"{folder}/{name}")}
    for path, text in missing.items():
        write_atomic(path, text, mode=0o644)
    return {path: digest(text) for path, text in missing.items()}
