"""A real firewalld in the namespace of a host, on a bus of its own: Debian's, as scripts/firewalld unpacked it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from netlab import CHECKOUT, PATIENCE, Host

from poplin.linux.dbus import ADDRESS_VARIABLE, Bus

FILES = CHECKOUT / ".venv" / "share" / "firewalld"
CODE = FILES / "usr" / "lib" / "python3" / "dist-packages"
NAME, PATH = "org.fedoraproject.FirewallD1", "/org/fedoraproject/FirewallD1"
# Everybody may do everything: who may change a firewall is not what is tested.
BUS = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
"""
PRIVATE_RUN = 'mount -t tmpfs none /run && exec "$@"'  # where it makes a folder


class Daemon:
    """firewalld on a bus at `address`."""

    def __init__(self, address: str) -> None:
        self.address = address

    def ask(self, interface: str, method: str, *arguments: str) -> tuple[str | bool | int, ...]:
        """What a method of it answers."""
        bus = Bus(self.address)
        try:
            return bus.call(NAME, PATH, f"{NAME}{interface}", method, *arguments, seconds=PATIENCE)
        finally:
            bus.close()

    def has(self, zone: str, source: str) -> bool:
        """Whether an address is in a zone."""
        return self.ask(".zone", "querySource", zone, source) == (True,)

    def reload(self) -> None:
        """As `firewall-cmd --reload`."""
        self.ask("", "reload")


@contextmanager
def running_bus(folder: Path) -> Iterator[str]:
    """The address of a bus."""
    folder.mkdir(exist_ok=True)
    path = folder / "bus"
    (folder / "bus.conf").write_text(BUS.format(path=path))
    command = ["dbus-daemon", f"--config-file={folder / 'bus.conf'}", "--nofork", "--nopidfile", "--print-address"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as daemon:
        try:
            assert daemon.stdout is not None
            assert daemon.stdout.readline().startswith("unix:path=")
            yield f"unix:path={path}"
        finally:
            daemon.kill()


@contextmanager
def running_firewalld(host: Host, address: str, folder: Path) -> Iterator[Daemon]:
    """firewalld on that bus, for that host."""
    folder.mkdir(exist_ok=True)
    (folder / "firewalld.conf").write_text((FILES / "etc" / "firewalld" / "firewalld.conf").read_text())
    options = ["--nofork", "--nopid", "--log-target=console", f"--system-config={folder}"]
    options.append(f"--default-config={FILES / 'usr' / 'lib' / 'firewalld'}")
    program = ["/usr/bin/python3", str(FILES / "usr" / "sbin" / "firewalld"), *options]
    command = ["nsenter", f"--net={host.path}", "unshare", "--mount", "sh", "-c", PRIVATE_RUN, "sh", *program]
    environ = {ADDRESS_VARIABLE: address, "PYTHONPATH": str(CODE), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    with open(folder / "log", "w") as log, subprocess.Popen(command, stdout=log, stderr=log, env=environ) as daemon:
        try:
            wait_for_owner(daemon, address, folder / "log")
            running = Daemon(address)
            running.ask("", "getDefaultZone")  # it has its name before its rules, and answers when it has both
            yield running
        finally:
            daemon.kill()


def wait_for_owner(daemon: subprocess.Popen[bytes], address: str, log: Path) -> None:
    """Until it is on the bus."""
    bus = Bus(address)
    deadline = time.monotonic() + PATIENCE
    try:
        while not bus.has_owner(NAME):
            assert daemon.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
    finally:
        bus.close()
