"""A bare Debian 12 as a folder: what debootstrap makes, entered with private mounts and its own process numbers.

Of this machine it sees what a newcomer's machine would have too: where packages come from, and whom to trust.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

CACHE = Path("/var/cache/poplin/newcomer")
SUITE = "bookworm"
NAME = "newcomer"
EXTRA = "ca-certificates,git,sudo"  # with which somebody cloned the repository
OF_THIS_MACHINE = ("/etc/resolv.conf", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt")
PATIENCE = 1800  # seconds, for the tests of a slow machine

ENTER = """\
set -eu
root=$1; shift
mount --make-rprivate /
mount --bind "$root" "$root"; cd "$root"
mount -t proc proc proc; mount --rbind /sys sys; mount --rbind /dev dev
mount -t tmpfs -o mode=755 tmpfs run; mount -t tmpfs tmpfs tmp
pivot_root . mnt; cd /; umount -l /mnt  # in a mere chroot nobody may make user namespaces
exec /usr/bin/env -i HOME=/root TERM=dumb LANG=C.UTF-8 \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
"""


class Machine:
    """One, at `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, script: str, *, alone: bool = False) -> subprocess.CompletedProcess[str]:
        """A script of bash there, in the folder of root; `alone`: in a network namespace that has only `lo`."""
        unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", *(["--net"] if alone else [])]
        lines = ["cd /root", f"hostname {NAME}", *(["ip link set lo up"] if alone else []), script]
        command = [*unshare, "sh", "-c", ENTER, "enter", str(self.root), "bash", "-c", "\n".join(lines)]
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False
        )


def make_machine(root: Path) -> Machine:
    """A fresh one; what debootstrap made is kept for the next. Raises CalledProcessError."""
    kept = CACHE / f"{SUITE}.tar"
    if not kept.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        making = root.with_name("making")
        subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={EXTRA}", SUITE, str(making), find_mirror()],
            stdout=subprocess.DEVNULL,
            check=True,
        )
        subprocess.run(["tar", "-C", str(making), "-cf", f"{kept}.new", "."], check=True)
        os.rename(f"{kept}.new", kept)
        subprocess.run(["rm", "-rf", str(making)], check=True)
    root.mkdir()
    subprocess.run(["tar", "-C", str(root), "-xf", str(kept)], check=True)
    for path in map(Path, OF_THIS_MACHINE):
        if path.exists():
            target = root / path.relative_to("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost {NAME}\n")
    use_mirrors_of_this_machine(root)
    return Machine(root)


def use_mirrors_of_this_machine(root: Path) -> None:
    """apt's lists of sources, which are a file, a folder, or both."""
    for name in ("sources.list", "sources.list.d"):
        theirs, ours = root / "etc/apt" / name, Path("/etc/apt", name)
        subprocess.run(["rm", "-rf", str(theirs)], check=True)
        if ours.exists():
            subprocess.run(["cp", "-a", str(ours), str(theirs)], check=True)


def find_mirror() -> str:
    """Where this machine's apt gets the suite from."""
    command = ["apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return next(line.split()[1] for line in listed.splitlines() if line.split()[0] == SUITE)
