"""GC: give back the devices of this network's attachments that are not valid any more."""

from __future__ import annotations

from poplin.plugins.host_device.home import bring_home
from poplin.plugins.host_device.loans import Loans
from poplin.plugins.kit import ipam
from poplin.plugins.kit.teardown import Teardown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Never stops at an error; the first is raised in the end."""
    loans = Loans(call, kernel)
    with Teardown() as teardown:
        for path in loans.list_stale(call.config.name, call.valid_attachments()):
            teardown.run(give_back, loans, kernel, path)
        teardown.run(ipam.collect_garbage, call, kernel)


def give_back(loans: Loans, kernel: Kernel, path: str) -> None:
    """The device of one record, which then goes. It stays for the next time if the device may come back later."""
    loan = loans.read(path)
    if loan is None or bring_home(kernel, loan):
        loans.discard(path)
