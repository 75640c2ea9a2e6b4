"""The root file system of all containers: busybox alone, as a folder and as an image."""

from __future__ import annotations

import shutil
from pathlib import Path

APPLETS = ("hostname", "httpd", "ip", "nc", "nslookup", "ping", "sh", "sleep", "true")
FOLDERS = ("bin", "dev", "etc", "proc", "run", "sys", "tmp", "var")
SERVER = ("/bin/nc", "-ll", "-p", "80", "-e", "/bin/hostname")  # answers with its container's host name
ONCE = ("/bin/nc", "-l", "-p", "80", "-e", "/bin/hostname")  # ends when it has served one caller
SHOWN = 12  # letters of an id in a host name


def make_root(folder: Path) -> Path:
    """A root file system in a new folder."""
    for name in FOLDERS:
        (folder / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", folder / "bin/busybox")
    for applet in APPLETS:
        (folder / "bin" / applet).symlink_to("busybox")
    return folder
