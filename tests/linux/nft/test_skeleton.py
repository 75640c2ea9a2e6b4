"""Skeletons are loaded when they are missing or old, leave elements and traffic alone, and say which they are."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from errno import EINVAL, ENOENT
from pathlib import Path

import pytest
from netlab import CHECKOUT, PATIENCE, Container, Host
from traffic import add_outside, serving

from poplin.linux.netlink import NetlinkError
from poplin.linux.netns import Namespace
from poplin.linux.nft import load
from poplin.linux.nft.antispoof import ANTISPOOF, GUARDED
from poplin.linux.nft.elements import Element, add_element, delete_element
from poplin.linux.nft.nat import KEPT, MASQUERADED, NAT, PortMaps
from poplin.linux.nft.ruleset import NetfilterSocket, Ruleset
from poplin.linux.nft.skeleton import FOLDER, Skeleton, marks_of
from poplin.linux.nft.when import Conditions
from poplin.spec.address import parse_ip

IP4 = parse_ip("10.1.2.2")
HIDDEN = Element(MASQUERADED[4], (IP4,), comment="c1")
CONDITIONS = Conditions({4: "ip saddr 192.0.2.0/24", 6: ""})
LOADS = 20
AT_ONCE = 8


@pytest.fixture
def ruleset(host: Host) -> Iterator[Ruleset]:
    with Namespace(host.path) as namespace:
        yield namespace.nft


def load_in(host: Host, ruleset: Ruleset, skeleton: Skeleton) -> None:
    """libnftables works in the namespace of the thread."""
    with host.entered():
        ruleset.load(skeleton)


def apply_in(host: Host, ruleset: Ruleset, skeleton: Skeleton, *requests: object) -> None:
    """The same for what loads on demand."""
    with host.entered():
        ruleset.apply(skeleton, *requests)  # type: ignore[arg-type]


def newer(tmp_path: Path, version: int, *rules: str) -> Skeleton:
    """The nat skeleton with these rules more in its chain `published`, under a later version."""
    text = NAT.read().partition("flush chain")[0]
    grown = text.replace("chain published {\n", "chain published {\n" + "".join(f"\t\t{rule}\n" for rule in rules))
    assert grown.count("\n") == text.count("\n") + len(rules)
    file = tmp_path / f"nat{version}"
    file.with_suffix(".nft").write_text(grown)
    return Skeleton(NAT.table, os.path.relpath(file, FOLDER), version, name="nat")


# Loading.


@pytest.mark.parametrize("skeleton", [NAT, ANTISPOOF, CONDITIONS.skeleton], ids=lambda each: each.file)
def test_skeleton_loads_from_nothing_and_again_without_a_difference(
    host: Host, ruleset: Ruleset, skeleton: Skeleton
) -> None:
    load_in(host, ruleset, skeleton)
    first = host.sh("nft -s list ruleset")
    assert first.startswith(f'table {skeleton.table} {{\n\tcomment "Poplin, container networking"\n')
    load_in(host, ruleset, skeleton)
    assert host.sh("nft -s list ruleset") == first


def test_only_what_is_asked_for_is_loaded(host: Host, ruleset: Ruleset) -> None:
    apply_in(host, ruleset, ANTISPOOF, add_element(Element(GUARDED, ("v1",))))
    assert host.sh("nft list tables") == "table bridge poplin\n"
    assert ruleset.list(GUARDED) == [Element(GUARDED, ("v1",))]


def test_elements_bring_their_rules(host: Host, ruleset: Ruleset) -> None:
    apply_in(host, ruleset, NAT, add_element(HIDDEN))
    assert ruleset.list(MASQUERADED[4]) == [HIDDEN]
    assert "ip saddr @masq4" in host.sh("nft list chain inet poplin postrouting")
    handles = host.sh("nft -a list table inet poplin")
    apply_in(host, ruleset, NAT, delete_element(HIDDEN), add_element(HIDDEN))
    assert host.sh("nft -a list table inet poplin") == handles, "nothing was loaded a second time"


@pytest.mark.parametrize("damage", ["delete table inet poplin", "flush ruleset"])
def test_table_that_somebody_took_away_is_made_again(host: Host, ruleset: Ruleset, damage: str) -> None:
    apply_in(host, ruleset, NAT, add_element(HIDDEN))
    before = host.sh("nft -s list table inet poplin")
    host.sh(f"nft {damage}")
    apply_in(host, ruleset, NAT, add_element(HIDDEN))
    assert host.sh("nft -s list table inet poplin") == before


def test_set_that_somebody_took_away_is_made_again(host: Host, ruleset: Ruleset) -> None:
    """The mark is there, so only the refusal tells."""
    load_in(host, ruleset, NAT)
    before = host.sh("nft -s list table inet poplin")
    host.sh("nft 'flush chain inet poplin postrouting; delete set inet poplin masq4'")
    apply_in(host, ruleset, NAT, add_element(HIDDEN))
    assert ruleset.list(MASQUERADED[4]) == [HIDDEN]
    host.sh("nft flush set inet poplin masq4")
    assert host.sh("nft -s list table inet poplin").count("ip saddr @masq4") == before.count("ip saddr @masq4") == 1


def test_what_is_refused_for_another_reason_is_told(host: Host, ruleset: Ruleset) -> None:
    with pytest.raises(NetlinkError) as caught:
        apply_in(host, ruleset, NAT, add_element(HIDDEN), delete_element(Element(MASQUERADED[4], (IP4 + 1,))))
    assert str(caught.value) == "nft delete element inet poplin masq4 { 10.1.2.3 }: No such file or directory"
    assert ruleset.list(MASQUERADED[4]) == []


# Transactions.


def test_transaction_is_all_or_nothing_and_the_error_names_the_one_in_the_middle(host: Host, ruleset: Ruleset) -> None:
    load_in(host, ruleset, NAT)
    one, two, three = (Element(MASQUERADED[4], (IP4 + n,)) for n in range(3))
    with pytest.raises(NetlinkError) as caught:
        ruleset.socket.transact([add_element(one), delete_element(two), add_element(three)])
    assert caught.value.errno == ENOENT
    assert str(caught.value) == "nft delete element inet poplin masq4 { 10.1.2.3 }: No such file or directory"
    assert ruleset.list(MASQUERADED[4]) == []
    with pytest.raises(NetlinkError, match=r"10\.1\.2\.3 \}: File exists"):
        ruleset.socket.transact([add_element(each) for each in (one, two, two, three, three)])
    assert ruleset.list(MASQUERADED[4]) == []
    ruleset.socket.transact([add_element(one), add_element(two), delete_element(one), add_element(three)])
    assert sorted(each.key[0] for each in ruleset.list(MASQUERADED[4])) == [IP4 + 1, IP4 + 2]
    assert ruleset.find(two) == two, "the socket is in step after refusals"


# Versions.


def test_transaction_of_nothing_asks_nobody() -> None:
    """Kernels before 6.9 would not answer, and we would wait forever."""
    socket = NetfilterSocket()
    socket.close()
    socket.transact([])
    with pytest.raises(OSError, match="Bad file descriptor"):
        socket.transact([delete_element(HIDDEN)])


def test_mark_says_which_rules_are_loaded(host: Host, ruleset: Ruleset, tmp_path: Path) -> None:
    load_in(host, ruleset, CONDITIONS.skeleton)
    marks = sorted(each.key[0] for each in ruleset.list(marks_of("inet poplin")))
    assert marks == ["nat-1", CONDITIONS.skeleton.mark.key[0]]
    assert marks[1].startswith("when-") and marks[1].endswith("-1")
    load_in(host, ruleset, newer(tmp_path, 2, "counter"))
    assert sorted(each.key[0] for each in ruleset.list(marks_of("inet poplin"))) == ["nat-1", "nat-2", marks[1]]


def test_newer_rules_replace_older_ones_and_keep_every_element(host: Host, ruleset: Ruleset, tmp_path: Path) -> None:
    network = Element(KEPT[4], (IP4, IP4), end=(IP4 + 253, IP4 + 253), comment="mynet/")
    ports = PortMaps().every[4]
    port = Element(ports, ("tcp", 8080), (IP4, 80), "c1")
    apply_in(host, ruleset, NAT, *map(add_element, (HIDDEN, network, port)))
    old = host.sh("nft -s list table inet poplin")
    later = newer(tmp_path, 2, "ct state invalid accept")
    hidden_too = Element(MASQUERADED[4], (IP4 + 1,))
    apply_in(host, ruleset, later, add_element(hidden_too))
    assert sorted(ruleset.list(MASQUERADED[4]), key=lambda each: each.key) == [HIDDEN, hidden_too]
    assert (ruleset.list(KEPT[4]), ruleset.list(ports)) == ([network], [port])
    new = host.sh("nft -s list table inet poplin")
    added = [line.strip() for line in new.splitlines() if line not in old.splitlines()]
    assert "ct state invalid accept" in added and not any("chain" in line for line in added)
    apply_in(host, ruleset, NAT, delete_element(hidden_too))
    assert "ct state invalid accept" in host.sh("nft list chain inet poplin published"), "older code is content"


# Traffic, while rules are loaded. Each question comes from a port of its own, so each is a flow of its own, which the
# rules decide anew.
ASK = """\
import select, socket, sys
asked = answered = 0
while asked <= int(sys.argv[1]) or not select.select([sys.stdin], [], [], 0)[0]:
    caller = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    caller.settimeout(60)
    caller.sendto(b"?", ("192.0.2.1", 8053))
    asked += 1
    try:
        answered += caller.recv(100).startswith(b"one")
    except OSError:
        pass
    caller.close()
    if asked == 1: print("ready", flush=True)
print(asked, answered)
"""


def test_no_packet_is_lost_while_newer_rules_are_loaded(
    host: Host, ruleset: Ruleset, container: Container, tmp_path: Path
) -> None:
    outside = add_outside(host)
    host.sh(f"ip link add v2 type veth peer name eth0 netns {container.id}")
    for here, link, address in ((host, "v2", "10.1.2.1"), (container, "eth0", str(IP4))):
        here.sh(f"ip address add {address}/24 dev {link}")
        here.sh(f"ip link set {link} up")
    container.sh("ip route add default via 10.1.2.1")
    host.set_sysctl("net/ipv4/ip_forward", "1")
    port = Element(PortMaps().every[4], ("udp", 8053), (IP4, 8053), "c1")
    apply_in(host, ruleset, NAT, add_element(port))
    command = ["nsenter", f"--net={outside.path}", sys.executable, "-IS", "-c", ASK, str(LOADS)]
    pipe = subprocess.PIPE
    with (
        serving(container, 8053, "udp", name="one"),
        subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as caller,
    ):
        assert caller.stdout is not None
        assert caller.stdout.readline() == "ready\n"
        for number in range(LOADS):
            load_in(host, ruleset, newer(tmp_path, number + 2, "ct state invalid accept"))
        output, _ = caller.communicate("stop\n", timeout=PATIENCE)
    asked, answered = map(int, output.split())
    assert asked > LOADS
    assert answered == asked


# Many at once, and no library.

FIRST = """\
import sys
sys.path.insert(0, {checkout!r})
from poplin.linux.nft.elements import Element, add_element
from poplin.linux.nft.nat import MASQUERADED, NAT
from poplin.linux.nft.ruleset import Ruleset
from poplin.spec.address import parse_ip
sys.stdin.readline()
Ruleset().apply(NAT, add_element(Element(MASQUERADED[4], (parse_ip("10.1.2.2") + {number},))))
"""


def test_eight_first_ones_at_once_all_succeed(host: Host, ruleset: Ruleset) -> None:
    command = ["nsenter", f"--net={host.path}", "/usr/bin/python3", "-IS", "-c"]
    pipe = subprocess.PIPE
    texts = [FIRST.format(checkout=str(CHECKOUT), number=number) for number in range(AT_ONCE)]
    started = [subprocess.Popen([*command, text], stdin=pipe, stderr=pipe, text=True) for text in texts]
    for each in started:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    said = [each.communicate(timeout=PATIENCE)[1] for each in started]
    assert [each.returncode for each in started] == [0] * AT_ONCE, said
    assert sorted(each.key[0] for each in ruleset.list(MASQUERADED[4])) == [IP4 + n for n in range(AT_ONCE)]
    loaded = host.sh("nft -s list table inet poplin")
    assert loaded.count("ip saddr @masq4") == 1


def test_missing_library_is_named_with_its_package(
    host: Host, ruleset: Ruleset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "LIBRARY", "libnftables.so.0")
    with pytest.raises(FileNotFoundError) as caught:
        apply_in(host, ruleset, NAT, add_element(HIDDEN))
    assert (caught.value.errno, caught.value.strerror) == (
        ENOENT,
        "libnftables is missing; install the package libnftables1",
    )
    assert host.sh("nft list ruleset") == ""


def test_refusal_of_nft_is_told_in_its_own_words(host: Host) -> None:
    with host.entered(), pytest.raises(OSError, match=r"nft refuses the rules: .*syntax error") as caught:
        load.load_text("add table inet poplin { }\nadd nonsense inet poplin\n")
    assert caught.value.errno == EINVAL
    assert host.sh("nft list ruleset") == ""
