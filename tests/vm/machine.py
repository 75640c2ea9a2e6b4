"""The virtual machine: Debian's kernel, the modules it needs to reach our root file system, and how qemu starts it.

The kernel package is downloaded and unpacked, never installed. Everything is kept in a cache outside the tree, a
folder for each kernel, and made only once; a folder that is there is whole, because it gets its name last.
"""

from __future__ import annotations

import gzip
import os
import shlex
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
INIT = Path(__file__).with_name("init")
METAPACKAGE = "linux-image-amd64"
# What the kernel has as modules and must load before it sees the root file system, and what tests may ask for.
BOOT_MODULES = ("virtio_pci", "9pnet_virtio", "9p", "overlay")
UNPACKED = ("arch", "crypto", "drivers/net", "drivers/virtio", "fs", "lib", "mm", "net")
UNUSED = ("drivers/net/ethernet", "drivers/net/wireless")  # two thirds of the rest
# Software emulation: where /dev/kvm exists it may be a virtual machine's own, and unable to run another. The processor
# is one whose instructions are cheap to emulate: programs avoid the wide vectors of newer ones.
QEMU = "qemu-system-x86_64 -accel tcg,thread=multi -cpu Nehalem,+rdrand -smp 2 -m 1024"
NOTHING_ELSE = "-no-reboot -nodefaults -display none"
# Two cards, joined by a cable: hardware for host-device to give away.
CARDS = " ".join(
    f"-netdev hubport,id=cable{n},hubid=0 -device virtio-net-pci,netdev=cable{n},mac={mac},romfile="
    for n, mac in enumerate(("52:54:00:00:00:01", "52:54:00:00:00:02"))
)
SHARE = "local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap"


@dataclass(frozen=True)
class Machine:
    """A kernel that is ready to boot: its folder and its version."""

    folder: Path
    version: str

    def command(self, initrd: Path, summary: Path) -> list[str]:
        """qemu, with the first serial line on stdout and the second in the file `summary`."""
        kernel = ["-kernel", str(self.folder / f"boot/vmlinuz-{self.version}"), "-initrd", str(initrd)]
        arguments = ["-append", "console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off"]
        lines = ["-chardev", "stdio,id=people,signal=on", "-serial", "chardev:people", "-serial", f"file:{summary}"]
        return [*QEMU.split(), *NOTHING_ELSE.split(), *CARDS.split(), *kernel, *arguments, *lines, "-virtfs", SHARE]

    def write_initrd(self, path: Path, options: list[str]) -> None:
        """The initial RAM disk (newc cpio, gzip): busybox, `init`, modules in their order, and what `init` is told."""
        with tempfile.TemporaryDirectory() as name:
            root = Path(name)
            for folder in ("bin", "modules", "proc", "dev"):
                (root / folder).mkdir()
            shutil.copy("/bin/busybox", root / "bin/busybox")
            shutil.copy(INIT, root / "init")
            order = [shutil.copy(module, root / "modules") for module in self.boot_modules()]
            (root / "modules/order").write_text("".join(f"/modules/{Path(module).name}\n" for module in order))
            settings = {"CHECKOUT": CHECKOUT, "MODULES": self.folder, "VERSION": self.version}
            settings["OPTIONS"] = shlex.join(options)
            lines = [f"{key}={shlex.quote(str(value))}\n" for key, value in settings.items()]
            (root / "settings").write_text("".join(lines))
            members = "".join(f"{member.relative_to(root)}\n" for member in sorted(root.rglob("*")))
            archive = run("cpio", "--create", "--format=newc", "--quiet", stdin=members.encode(), cwd=root)
            path.write_bytes(gzip.compress(archive, 1))

    def boot_modules(self) -> list[str]:
        """The files of BOOT_MODULES and of what they need, each after those it needs."""
        modprobe = ("modprobe", "-d", str(self.folder), "-S", self.version, "--show-depends")
        lines = [line for module in BOOT_MODULES for line in run(*modprobe, module).decode().splitlines()]
        return list(dict.fromkeys(line.split()[1] for line in lines if line.startswith("insmod ")))


def ensure_machine(cache: Path) -> Machine:
    """Debian's kernel, from the cache if it is there."""
    package = find_package()
    if package is None or not (cache / package).is_dir():
        run("apt-get", "-qq", "update")  # what old lists name may be gone from the mirrors
        package = find_package()
        if package is None:
            raise SystemExit(f"vm: apt-cache knows no kernel: is {METAPACKAGE} of Debian in its sources?")
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as name:
            unpack_kernel(package, Path(name))
            (Path(name) / "root").rename(cache / package)
    return Machine(cache / package, package.removeprefix("linux-image-"))


def find_package() -> str | None:
    """The package that holds the kernel: `linux-image-6.1.0-56-amd64`."""
    command = ["apt-cache", "depends", METAPACKAGE]
    words = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout.split()
    return next((word for word in words if word.startswith("linux-image-") and word != METAPACKAGE), None)


def unpack_kernel(package: str, folder: Path) -> None:
    """Download it, and take from it what can be of use, below `root`."""
    print(f"vm: downloading {package}", flush=True)
    run("apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", package, cwd=folder)
    version = package.removeprefix("linux-image-")
    modules = f"./lib/modules/{version}"
    wanted = [f"./boot/vmlinuz-{version}", f"{modules}/modules.*", *(f"{modules}/kernel/{part}" for part in UNPACKED)]
    unwanted = [f"--exclude={modules}/kernel/{part}" for part in UNUSED]
    root = folder / "root"
    root.mkdir(mode=0o755)
    archive = run("dpkg-deb", "--fsys-tarfile", *map(str, folder.glob("*.deb")))
    run("tar", "-x", "-C", str(root), "--wildcards", *unwanted, *wanted, stdin=archive)
    run("depmod", "-b", str(root), version)


def cache_folder() -> Path:
    """Root's is the machine's, anybody else's their own."""
    if os.geteuid() == 0:
        return Path("/var/cache/poplin/vm")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "poplin/vm"


def run(*command: str, stdin: bytes = b"", cwd: Path | None = None) -> bytes:
    """stdout of a command that must succeed."""
    done = subprocess.run(command, input=stdin, capture_output=True, cwd=cwd, timeout=600, check=False)
    if done.returncode:
        raise SystemExit(f"vm: {shlex.join(command)}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
