"""The dnsmasq of a network: what it is told, and that it runs.

It reads the hosts file again when it is sent SIGHUP, without letting go of its sockets: what is asked meanwhile waits
there. One that the reference started is as good as one of ours. Of the upstream servers of the host's resolv.conf it
asks the one that answers; the reference has them asked in order, and each lookup waits for a first one that is dead.
"""

from __future__ import annotations

import posix
import time

from poplin.linux.folder import S_IFREG, is_there
from poplin.linux.running import SIGHUP, find_running, list_programs
from poplin.plugins.dnsname.folders import BELOW, is_ours_alone
from poplin.plugins.dnsname.place import CONFIG, CONFIG_OPTION, PROGRAM_NAME, stranger
from poplin.spec.errors import IOFailure, PluginNotAvailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from poplin.linux.kernel import Kernel
    from poplin.linux.running import Running
    from poplin.plugins.dnsname.place import Place

PROGRAM = f"/usr/sbin/{PROGRAM_NAME}"  # and no other that PATH may lead to
PACKAGE = "dnsmasq-base"
# Root, as only root may read its files; in a user namespace there may be nobody else, nor a group to change to.
ARGUMENTS = ("--user=root", "--group=")
PATIENCE = 10.0  # seconds, for a start
INTERFACE = "interface="
IN_USE = ": Address already in use"  # says dnsmasq
PLAIN_NAMES = "local=//"  # nobody else is asked for what has no dot
IN_ORDER = "strict-order"
NO_REASON = (PLAIN_NAMES, IN_ORDER)  # to begin anew, though the reference has them otherwise
TEXT = """\
# Written by the CNI plugin dnsname: what is changed here is lost with the network's last container.
{plain}
{domains}
expand-hosts
pid-file={place.pidfile}
except-interface=lo
bind-dynamic
no-hosts
{link}
addn-hosts={place.hosts}
"""


class Server:
    """The one of the network whose files are at a place, which is locked."""

    def __init__(self, kernel: Kernel, place: Place) -> None:
        self._kernel = kernel
        self._place = place
        self._argument = CONFIG_OPTION + place.config

    def serve(self, domain: str, interface: str) -> None:
        """Have it answer what is in the hosts file now, for this domain and on this link. Raises IOFailure,
        PluginNotAvailable."""
        domains = f"local=/{domain}/\ndomain={domain}" if domain else "domain="
        text = TEXT.format(plain=PLAIN_NAMES, domains=domains, link=INTERFACE + interface, place=self._place)
        if not self._is_stranger() and self._list_orders() == list_orders(text.encode()):
            self.resume()
        else:
            self.stop()
            self._place.files.put(self._place.config, text.encode())
            self._start()

    def resume(self) -> None:
        """The same with what it was told before; one of a host that is gone, which nobody can ask, is begun here.
        Raises IOFailure, PluginNotAvailable."""
        running = self.find()
        if running is None:
            self._start()
            return
        with running:
            if self._kernel.host.run(running.is_here):
                self._change(f"kill -HUP {running.pid}", running.send, SIGHUP)
                return
            self._end(running)
        self._start()

    def refresh(self) -> None:
        """The same for one that stays where it is; one that has ended is begun here only if its link is here. Raises
        IOFailure, PluginNotAvailable."""
        running = self.find()
        if running:
            with running:
                self._change(f"kill -HUP {running.pid}", running.send, SIGHUP)
        elif self._has_link():
            self._start()

    def restart(self, number: bytes | None) -> None:
        """Another in place of the one that had this number, and hangs; unless somebody has seen to it already. Raises
        IOFailure, PluginNotAvailable."""
        if self.number == number:
            self.stop()
            self._start()

    @property
    def number(self) -> bytes | None:
        """What is written down."""
        return self._place.files.find(self._place.pidfile)

    def find(self) -> Running | None:
        """It, if it runs."""
        running = find_running(self.number, PROGRAM_NAME, self._argument)
        if running and not running.sees(self._place.config):
            running.__exit__(None, None, None)
            return None
        return running

    def stop(self) -> None:
        """Have it end, also if the file with its number is lost."""
        running = self.find()
        if running:
            with running:
                self._end(running)
        elif self._place.files.find(self._place.config) is not None:
            self._end_all()

    def _end(self, running: Running) -> bool:
        self._change(f"kill {running.pid}", running.end)
        return True

    def _end_all(self) -> None:
        """Until there is none: one that is starting has another number the next moment."""
        while [self._end(each) for each in list_programs(PROGRAM_NAME) if self._is_ours(each)]:
            continue

    def _is_ours(self, running: Running) -> bool:
        """Whether it is on this host and has this configuration, or had one of this network that is gone."""
        ending = f"/{BELOW}/{self._place.network}/{CONFIG}"
        for argument in running.list_arguments(PROGRAM_NAME):
            config = argument.removeprefix(CONFIG_OPTION)
            if argument == self._argument or (config.endswith(ending) and not is_there(config)):
                return self._kernel.host.run(running.is_here) and running.sees(config)
        return False

    def _is_stranger(self) -> bool:
        """Whether others may have written what it would be told."""
        return is_there(self._place.config) and not is_ours_alone(self._place.config, S_IFREG)

    def _list_orders(self) -> list[str]:
        return list_orders(self._place.files.find(self._place.config) or b"")

    def _has_link(self) -> bool:
        links = [order.removeprefix(INTERFACE) for order in self._list_orders() if order.startswith(INTERFACE)]
        return any(self._kernel.host.rtnl.find_link(link) for link in links)

    def _start(self) -> None:
        require_program()
        self._change(" ".join((PROGRAM, *ARGUMENTS, self._argument)), self._run)

    def _run(self) -> None:
        """Another one may hold its addresses, whose number is lost. Raises IOFailure."""
        if self._is_stranger():
            raise stranger(self._place.config)
        if not run_program(self._argument):
            return
        self._end_all()
        errors = run_program(self._argument)
        if errors:
            hint = "; another name server has port 53 there: see `ss -lnptu sport = :53`" if IN_USE in errors else ""
            raise IOFailure(f"{PROGRAM} does not start", errors + hint)

    def _change(self, line: str, function: Callable[..., object], *arguments: object) -> None:
        self._kernel.host.change([line], function, *arguments)


def list_orders(content: bytes) -> list[str]:
    """What a configuration says that matters."""
    lines = content.decode(errors="replace").splitlines()
    return [line for line in lines if line and not line.startswith("#") and line not in NO_REASON]


def find_missing() -> str:
    """What it takes that is not there, and where it is to be had; empty if all is there."""
    return "" if posix.access(PROGRAM, posix.X_OK) else f"there is no {PROGRAM}; install the package {PACKAGE}"


def require_program() -> None:
    """Raises PluginNotAvailable."""
    missing = find_missing()
    if missing:
        raise PluginNotAvailable("dnsname needs dnsmasq", missing)


def run_program(argument: str) -> str:
    """Start it: it leaves for a session of its own, lets go of all descriptors, and what we started ends once it
    listens. What it says if it does not, else nothing."""
    from poplin.invoke.process import Process  # most calls find one that runs

    try:
        process = Process(PROGRAM, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, (*ARGUMENTS, argument))
    except OSError as error:
        return str(error)
    with process:
        if not process.converse(b"", time.monotonic() + PATIENCE):
            return f"it was not ready within {PATIENCE:g} s, and was killed"
        status = process.stop()
    said = " ".join(process.errors.decode(errors="replace").split())
    return (said or f"status {status}") if status else ""
