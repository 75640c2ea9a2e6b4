"""An image as `docker save` writes it, of one folder: what engines import that have no registry to pull from."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

CONFIG = {"architecture": "amd64", "os": "linux"}
SLEEP = ("/bin/sleep", "1000")


def write_archive(path: Path, root: Path, name: str, command: Sequence[str] = SLEEP) -> None:
    """The image `name`, of one layer with what is below `root`; it runs `command` if it is told no other."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        tar.add(root, arcname=".")
    digest = f"sha256:{hashlib.sha256(layer.getvalue()).hexdigest()}"
    settings = {"Cmd": list(command), "Env": ["PATH=/bin"]}
    config = json.dumps({**CONFIG, "config": settings, "rootfs": {"type": "layers", "diff_ids": [digest]}}).encode()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]).encode()
    with tarfile.open(path, "w") as tar:
        for member, content in {
            "layer.tar": layer.getvalue(),
            "config.json": config,
            "manifest.json": manifest,
        }.items():
            info = tarfile.TarInfo(member)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
