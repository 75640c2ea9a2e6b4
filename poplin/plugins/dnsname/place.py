"""Where a network's files are:

    /run/containers/cni/dnsname/NETWORK/    dnsmasq.conf  addnhosts  pidfile  lock

or in another of the `folders`. Who is called with XDG_RUNTIME_DIR one day and without it the next finds the files that
are there: it is in one of those that need no variable, or a dnsmasq that runs says where. The folder goes with the
network's last container, the lock in it.
"""

from __future__ import annotations

from poplin.linux.files import BESIDE
from poplin.linux.lockfile import LockTimeout
from poplin.linux.running import list_programs
from poplin.plugins.dnsname.folders import BELOW, SYSTEM, is_safe, list_all_folders, list_folders
from poplin.spec.errors import IOFailure, TryAgainLater

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call

PROGRAM_NAME = "dnsmasq"
CONFIG_OPTION = "--conf-file="
HOSTS, CONFIG, PIDFILE, LOCK = "addnhosts", "dnsmasq.conf", "pidfile", "lock"
MADE = (HOSTS, HOSTS + BESIDE, CONFIG, CONFIG + BESIDE, PIDFILE, LOCK)  # in the order in which they go
LONGEST = 255  # letters, of a folder
PATIENCE = 30.0  # seconds; what is done under the lock takes milliseconds, unless dnsmasq does not start


class Place:
    """`with Place(kernel, folder):` has it to itself, against the reference too. Raises IOFailure, TryAgainLater."""

    def __init__(self, kernel: Kernel, folder: str) -> None:
        self.files = kernel.files
        self.folder = folder
        self.root, _, self.network = folder.rpartition(f"/{BELOW}/")
        self.hosts, self.config, self.pidfile = (f"{folder}/{name}" for name in (HOSTS, CONFIG, PIDFILE))
        self._lock = self.files.lock(f"{folder}/{LOCK}", PATIENCE)

    def __enter__(self) -> Place:
        try:
            self._lock.__enter__()
        except LockTimeout as error:
            raise TryAgainLater("the names of the network are locked", str(error)) from None
        if not is_safe(self.root, self.network):  # somebody made it since it was looked at
            self._lock.__exit__(None, None, None)
            raise stranger(self.folder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.__exit__(kind, error, trace)

    def clear(self) -> None:
        """Remove what was made, the lock last: whoever waits for it makes another. What else is in the folder stays,
        and the folder with it. Raises IOFailure."""
        for name in MADE:
            try:
                self.files.remove(f"{self.folder}/{name}")
            except OSError as error:
                details = f"{error.strerror or error}; remove it by hand"
                raise IOFailure(f"cannot remove {self.folder}/{name}", details) from None
        self.files.remove_folder(self.folder)


def stranger(path: str) -> IOFailure:
    """What to say of what is not this user's alone."""
    return IOFailure(
        f"{path} is not to be trusted",
        "it or what it is in is another user's, or others may write it; remove it, or give it to this user alone",
    )


def list_places(call: Call, kernel: Kernel) -> list[Place]:
    """Where there is something; nowhere for a network whose name is too long for a folder."""
    if len(call.config.name) > LONGEST:
        return []
    used = [folder for folder in list_all_folders(call) if is_used(kernel, folder)]
    return [Place(kernel, folder) for folder in used or find_served(call, kernel)]


def is_used(kernel: Kernel, folder: str) -> bool:
    """Whether there is a file of the network."""
    return not set(MADE).isdisjoint(kernel.files.names(folder))


def find_served(call: Call, kernel: Kernel) -> list[str]:
    """Where the network's dnsmasq has its files, if one runs here that was begun with another XDG_RUNTIME_DIR."""
    ending = f"/{BELOW}/{call.config.name}/{CONFIG}"
    for running in list_programs(PROGRAM_NAME):
        for argument in running.list_arguments(PROGRAM_NAME):
            config = argument.removeprefix(CONFIG_OPTION)
            if config != argument and config.endswith(ending) and kernel.host.run(running.is_here):
                is_known = running.sees(config) and is_safe(config.removesuffix(ending), call.config.name)
                folder = config.removesuffix(f"/{CONFIG}")
                if is_known and is_used(kernel, folder):
                    return [folder]
    return []


def find_place(call: Call, kernel: Kernel) -> Place:
    """Where the files are, or are made. Raises IOFailure."""
    return next(iter(list_places(call, kernel)), None) or Place(kernel, get_folder(call))


def get_folder(call: Call) -> str:
    """Where files are made. Raises IOFailure."""
    folders = list_folders(call)
    if not folders:
        raise stranger(f"{SYSTEM}/{BELOW}/{call.config.name}")
    return folders[0]
