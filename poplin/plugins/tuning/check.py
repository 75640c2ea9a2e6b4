"""CHECK: attributes and switches are still what ADD has made them, those that were asked for."""

from __future__ import annotations

from poplin.plugins.kit.container import open_container
from poplin.plugins.tuning.attributes import read_attributes
from poplin.plugins.tuning.settings import Settings
from poplin.spec.errors import CheckFailed
from poplin.spec.jsontext import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.plugins.tuning.attributes import Values
    from poplin.spec.call import Call

LONGEST_NUMBER = 30  # characters; the kernel's have 64 bits


def run(call: Call, kernel: Kernel) -> None:
    """Raises CheckFailed with the first difference, InvalidConfig without prevResult."""
    settings = Settings(call)
    call.get_prev_result()
    if settings.attributes or settings.switches:
        with open_container(kernel, call.netns) as container:
            for path, value in settings.switches.items():
                check_switch(container, path, value)
            if settings.attributes:
                check_attributes(container, call.ifname, settings.attributes)


def check_switch(container: Namespace, path: str, value: str) -> None:
    """Raises CheckFailed. Some switches can only be written."""
    try:
        found = container.read_sysctl(path)
    except FileNotFoundError:
        raise CheckFailed(f"sysctl {path} is gone", "with the interface, or the kernel's module") from None
    except PermissionError:
        return
    except OSError as error:
        raise CheckFailed(f"cannot read sysctl {path}", error.strerror or "") from None
    if not is_same(found, value):
        raise CheckFailed(f"sysctl {path} is not what was asked for", f"{found!r} instead of {value!r}")


def is_same(found: str, wanted: str) -> bool:
    """Whether a switch is what was asked for: the text, or those of its numbers that were."""
    told, asked = found.split(), wanted.split()
    numbers = [read_number(each) for each in asked]
    return told == asked or (None not in numbers and numbers == [read_decimal(each) for each in told[: len(numbers)]])


def read_number(text: str) -> int | None:
    """As the kernel reads what is written to a switch: 16 for 0x10, 8 for 010; None for what is no number."""
    digits = text.removeprefix("-").lower()
    base = 16 if digits.startswith("0x") else 8 if digits.startswith("0") else 10
    try:
        number = int(digits.removeprefix("0x"), base) if digits.isalnum() else None
    except ValueError:
        return None
    return -number if number and text.startswith("-") else number


def read_decimal(text: str) -> int | None:
    """As the kernel writes them."""
    return int(text) if text.removeprefix("-").isdigit() and len(text) < LONGEST_NUMBER else None


def check_attributes(container: Namespace, ifname: str, wanted: Values) -> None:
    """Raises CheckFailed."""
    link = container.rtnl.find_link(ifname)
    if link is None:
        raise CheckFailed(f"interface {ifname!r} is gone from the container", f"in {container.path}")
    found = read_attributes(link, wanted)
    for name, value in found.items():
        if value != wanted[name]:
            raise CheckFailed(
                f"{name} of interface {ifname!r} is not what was asked for",
                f"{dumps(value)} instead of {dumps(wanted[name])}",
            )
