"""resolv.conf as `dns`."""

from __future__ import annotations

from pathlib import Path

import pytest

from poplin.plugins.host_local.resolvconf import parse_resolv_conf, read_resolv_conf
from poplin.spec.errors import IOFailure
from poplin.spec.result import DNS


@pytest.mark.facts("plugins-main-ipam", 189)
@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("nameserver 192.0.2.0\nnameserver 192.0.2.1\n", DNS(["192.0.2.0", "192.0.2.1"])),
        (
            "nameserver 192.0.2.0\n#nameserver 192.0.2.1\n; nameserver 192.0.2.2\n  # another\n\n",
            DNS(["192.0.2.0"]),
        ),
        (
            "domain one.example\nnameserver 192.0.2.0 ignored\ndomain two.example\nsearch a.example b.example\n"
            "search c.example\noptions ndots:2 rotate\noptions edns0\nnameserver 192.0.2.1",
            DNS(
                ["192.0.2.0", "192.0.2.1"],
                "two.example",
                ["a.example", "b.example", "c.example"],
                ["ndots:2", "rotate", "edns0"],
            ),
        ),
        ("nameserver\nsearch\nsortlist 10.0.0.0\n", DNS()),
        ("", DNS()),
    ],
)
def test_every_kind_of_line_is_read(text: str, want: DNS) -> None:
    assert parse_resolv_conf(text) == want


def test_bytes_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    path.write_bytes(b"# caf\xe9\nnameserver 192.0.2.1\n")
    assert read_resolv_conf(str(path)) == DNS(["192.0.2.1"])


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(IOFailure, match=f"cannot read resolvConf {tmp_path}/none; there is no such file"):
        read_resolv_conf(f"{tmp_path}/none")
    with pytest.raises(IOFailure, match=f"cannot read resolvConf {tmp_path}; Is a directory"):
        read_resolv_conf(str(tmp_path))
