"""The client on a clock that tests turn: what it says to whom and when, for everything that servers do to it."""

from __future__ import annotations

from random import Random

import pytest

from poplin.dhcp.actions import Bound, Expired, GaveUp, Send
from poplin.dhcp.client import Client, Identity, State, Timing
from poplin.dhcp.packet import BOOTREPLY, BOOTREQUEST, NOBODY, Option, Packet, Type, pack, unpack
from poplin.spec.address import parse_ip

MAC = bytes.fromhex("02aabbccddee")
CLIENT_ID = b"\0c1/mynet/eth0"
ONE, TWO = parse_ip("192.168.1.1"), parse_ip("192.168.1.2")
MASK = bytes([255, 255, 255, 0])
ADDRESS = parse_ip("192.168.1.5")
identity = Identity(MAC, CLIENT_ID, (121, 3, 1), {12: b"web"})


class Network:
    """A client, its clock, and everything it ever did: messages as records, the rest as they come."""

    def __init__(self, identity: Identity = identity, timing: Timing | None = None, now: float = 1000.0) -> None:
        self.client = Client(identity, timing or Timing(), Random(1))
        self.now = now
        self.sent: list[tuple[float, Packet, object]] = []
        self.done: list[object] = []

    def take(self, actions):
        """Keep what the client wants; the actions other than messages."""
        for each in actions:
            if isinstance(each, Send):
                self.sent.append((self.now, unpack(each.payload), each.to))
        rest = [each for each in actions if not isinstance(each, Send)]
        self.done += rest
        return rest

    def start(self):
        return self.take(self.client.start(self.now))

    def sleep(self):
        """Until the client wants to be woken."""
        assert self.client.deadline is not None
        self.now = self.client.deadline
        return self.take(self.client.tick(self.now))

    def answer(self, kind: Type, server=ONE, address=ADDRESS, **options: bytes):
        """A server's answer to the last message."""
        said = {
            Option.MESSAGE_TYPE: bytes([kind]),
            Option.SERVER: server.packed,
            Option.SUBNET_MASK: MASK,
            Option.LEASE_TIME: (1000).to_bytes(4, "big"),
            **{Option[name]: value for name, value in options.items()},
        }
        question = self.last
        packet = Packet(BOOTREPLY, question.xid, question.chaddr, {k: v for k, v in said.items() if v}, yiaddr=address)
        return self.take(self.client.receive(pack(packet), self.now))

    @property
    def last(self) -> Packet:
        """The message that was sent last."""
        return self.sent[-1][1]

    @property
    def types(self) -> list[Type]:
        """What was said, in order."""
        return [Type(packet.type) for _, packet, _ in self.sent]

    def bind(self, **options: bytes):
        """Get a lease of 1000 seconds, of which 500 pass before it is to be renewed."""
        self.start()
        self.answer(Type.OFFER)
        return self.answer(Type.ACK, **options)


@pytest.fixture
def network() -> Network:
    return Network()


# Messages, to the octet.


@pytest.mark.facts("plugins-main-ipam", 211)
def test_discover_says_what_the_reference_says(network):
    network.start()
    _, packet, to = network.sent[0]
    assert to is None, "to everybody"
    assert packet.options == {
        12: b"web",
        53: b"\1",
        55: bytes([121, 3, 1]),
        57: (1500).to_bytes(2, "big"),
        61: CLIENT_ID,
    }
    assert (packet.op, packet.ciaddr, packet.chaddr, packet.broadcast) == (BOOTREQUEST, NOBODY, MAC, False)


@pytest.mark.facts("plugins-main-ipam", 211)
def test_request_takes_the_offer_of_one_server(network):
    network.start()
    network.answer(Type.OFFER)
    (_, discover, _), (_, request, to) = network.sent
    assert to is None
    assert request.options == discover.options | {53: b"\3", 50: ADDRESS.packed, 54: ONE.packed}
    assert (request.xid, request.ciaddr) == (discover.xid, NOBODY)


@pytest.mark.facts("plugins-main-ipam", 211)
def test_renewal_asks_the_server_alone_and_names_the_address_in_its_place(network):
    network.bind()
    network.sleep()
    (_, discover, _), _, (_, renewal, to) = network.sent
    assert to == ONE, "RFC 2131, section 4.3.2: by unicast, which the reference does not"
    assert renewal.options == discover.options | {53: b"\3"}, "neither requested address nor server"
    assert (renewal.xid, renewal.ciaddr) == (discover.xid, ADDRESS)


@pytest.mark.facts("plugins-main-ipam", 211)
def test_release_goes_to_the_server_under_a_number_of_its_own(network):
    network.bind()
    network.take(network.client.release(network.now))
    _, release, to = network.sent[-1]
    assert (to, release.ciaddr) == (ONE, ADDRESS)
    assert release.options == {53: b"\7", 54: ONE.packed, 61: CLIENT_ID}
    assert release.xid != network.sent[0][1].xid


def test_a_provided_client_identifier_is_used_to_the_end():
    network = Network(Identity(MAC, CLIENT_ID, (3, 1), {61: b"raw"}))
    network.bind()
    network.take(network.client.release(network.now))
    assert [packet.options[61] for _, packet, _ in network.sent] == [b"raw", b"raw", b"raw"]


def test_broadcast_answers_are_asked_for_until_there_is_an_address():
    network = Network(Identity(MAC, CLIENT_ID, (3, 1), {}, broadcast=True))
    network.bind()
    network.sleep()
    assert [packet.broadcast for _, packet, _ in network.sent] == [True, True, False]


# Getting a lease.


def test_first_offer_is_taken_and_its_acknowledgement_is_the_lease(network):
    assert network.bind(ROUTERS=ONE.packed) == [Bound(network.client.lease, None)]
    lease = network.client.lease
    assert (str(lease.address), lease.server, lease.acquired) == ("192.168.1.5/24", ONE, 1000)
    assert (network.client.state, network.client.deadline) == (State.BOUND, 1500)
    assert network.types == [Type.DISCOVER, Type.REQUEST]


def test_a_lease_counts_from_the_question_not_from_the_answer(network):
    network.start()
    network.answer(Type.OFFER)
    network.now += 3
    network.answer(Type.ACK)
    assert (network.client.lease.acquired, network.client.lease.expiry) == (1000, 2000)


def test_of_two_servers_the_first_is_taken_and_the_other_one_not_listened_to(network):
    network.start()
    network.answer(Type.OFFER, TWO, parse_ip("192.168.1.200"))
    assert network.answer(Type.OFFER, ONE) == []
    assert network.last.find_ip(Option.SERVER) == TWO, "which tells the other that it was not chosen"
    assert network.answer(Type.ACK, ONE) == []
    assert network.answer(Type.NAK, ONE) == []
    assert network.client.state == State.REQUESTING
    assert network.answer(Type.ACK, TWO, parse_ip("192.168.1.200")) == [Bound(network.client.lease, None)]
    assert network.types == [Type.DISCOVER, Type.REQUEST]


def test_nobody_answers_and_the_waits_double_until_it_gives_up():
    network = Network(timing=Timing(timeout=2, resend_max=8, resend_timeout=29))
    network.start()
    while network.client.deadline:
        network.sleep()
    assert network.done == [GaveUp("no more tries: no DHCP server answered on the link")]
    waits = [later - earlier for (earlier, _, _), (later, _, _) in zip(network.sent, network.sent[1:], strict=False)]
    early, late = waits[:2], waits[2:]
    assert early == [pytest.approx(0.2), pytest.approx(0.8)], "the first may be lost on a bridge that is not ready"
    assert late == [pytest.approx(2, abs=0.2), pytest.approx(4, abs=0.4), *[pytest.approx(8, abs=0.8)] * 2]
    assert network.now == 1029, "neither earlier nor later than told"
    assert len({packet.xid for _, packet, _ in network.sent}) == 1, "one exchange, however often it is said"


def test_waits_differ_between_machines():
    deadlines = set()
    for seed in range(5):
        client = Client(identity, Timing(), Random(seed))
        client.start(0)
        for now in (0.2, 1.0):
            client.tick(now)
        deadlines.add(client.deadline)
    assert len(deadlines) == 5
    assert all(10 <= each <= 12 for each in deadlines)


def test_a_server_that_never_confirms_is_asked_three_times_then_another_offer_is_wanted(network):
    network.start()
    network.answer(Type.OFFER)
    for _ in range(3):
        network.sleep()
    assert network.types == [Type.DISCOVER, *[Type.REQUEST] * 3, Type.DISCOVER]
    assert network.client.state == State.SELECTING
    while network.client.deadline:
        network.sleep()
    assert network.done == [GaveUp("no more tries: the server 192.168.1.1 never confirmed its offer")]


def test_a_refused_offer_leads_to_a_new_question_after_a_pause(network):
    network.start()
    network.answer(Type.OFFER)
    network.answer(Type.NAK)
    assert network.types == [Type.DISCOVER, Type.REQUEST], "not at once: who offers what he refuses would keep us busy"
    network.sleep()
    assert (network.now, network.types[-1]) == (1002, Type.DISCOVER)
    network.answer(Type.OFFER, TWO)
    assert network.answer(Type.ACK, TWO) == [Bound(network.client.lease, None)]


def test_a_server_that_only_refuses_is_named_in_the_end(network):
    network.start()
    while network.client.deadline:
        if network.client.state == State.SELECTING and network.types[-1] == Type.DISCOVER:
            network.answer(Type.OFFER)
            network.answer(Type.NAK)
        network.sleep()
    assert network.done == [GaveUp("no more tries: the server 192.168.1.1 refused 192.168.1.5")]


def test_an_address_without_a_mask_is_given_back():
    network = Network()
    network.start()
    network.answer(Type.OFFER)
    assert network.answer(Type.ACK, SUBNET_MASK=b"") == [GaveUp("the server 192.168.1.1 gave no subnet mask")]
    _, release, to = network.sent[-1]
    assert (release.type, release.ciaddr, to) == (Type.RELEASE, ADDRESS, ONE)
    assert (network.client.deadline, network.client.lease) == (None, None)


def test_a_server_whose_name_is_too_long_is_called_by_the_part_that_counts(network):
    network.start()
    network.answer(Type.OFFER)
    assert network.client.state == State.REQUESTING
    again = Network()
    again.start()
    offer = {53: b"\2", 54: ONE.packed}
    data = pack(Packet(BOOTREPLY, again.last.xid, MAC, offer, yiaddr=ADDRESS))
    end = data.index(bytes([54, 4]) + ONE.packed) + 6
    long = data[:end] + bytes([54, 255]) + bytes(255) + data[end:]
    again.take(again.client.receive(long, again.now))
    assert again.last.options[54] == ONE.packed


def test_who_never_gives_a_mask_is_asked_with_pauses_if_nobody_waits(network):
    network.take(network.client.start(network.now, gives_up=False))
    for _ in range(5):
        network.answer(Type.OFFER)
        assert network.answer(Type.ACK, SUBNET_MASK=b"") == []
        before = network.now
        network.sleep()
        assert network.now == before + 2
    assert network.types.count(Type.RELEASE) == 5


# What is no answer.


@pytest.mark.parametrize(
    "packet",
    [
        Packet(BOOTREQUEST, 0, MAC, {53: b"\2", 54: ONE.packed}, yiaddr=ADDRESS),
        Packet(BOOTREPLY, 1, MAC, {53: b"\2", 54: ONE.packed}, yiaddr=ADDRESS),
        Packet(BOOTREPLY, 0, bytes(6), {53: b"\2", 54: ONE.packed}, yiaddr=ADDRESS),
        Packet(BOOTREPLY, 0, MAC, {53: b"\2"}, yiaddr=ADDRESS),
        Packet(BOOTREPLY, 0, MAC, {53: b"\2", 54: ONE.packed}),
        Packet(BOOTREPLY, 0, MAC, {53: b"\5", 54: ONE.packed, 1: MASK}, yiaddr=ADDRESS),
        Packet(BOOTREPLY, 0, MAC, {54: ONE.packed}, yiaddr=ADDRESS),
    ],
    ids=["a question", "another exchange", "another's MAC", "no server", "no address", "an early ACK", "BOOTP"],
)
def test_what_is_not_meant_for_it_changes_nothing(network, packet):
    network.start()
    xid = network.last.xid if packet.xid == 0 else network.last.xid ^ 1
    told = Packet(packet.op, xid, packet.chaddr, packet.options, yiaddr=packet.yiaddr)
    assert network.client.receive(pack(told), network.now) == []
    assert network.client.state == State.SELECTING


@pytest.mark.parametrize("value", [b"garbage", bytes(300)])
def test_what_cannot_be_read_changes_nothing(network, value):
    network.start()
    assert network.client.receive(value, network.now) == []


def test_an_acknowledgement_that_makes_no_sense_is_as_none(network):
    network.start()
    network.answer(Type.OFFER)
    assert network.answer(Type.ACK, CLASSLESS_ROUTES=bytes([33])) == []
    assert network.client.state == State.REQUESTING
    assert network.answer(Type.ACK) == [Bound(network.client.lease, None)]


@pytest.mark.parametrize("address", ["0.0.0.0", "0.0.0.5", "127.0.0.1", "224.0.0.1", "255.255.255.255"])
def test_addresses_that_no_host_can_have_are_not_taken(network, address):
    network.start()
    network.answer(Type.OFFER, address=parse_ip(address))
    assert network.client.state == State.SELECTING
    network.answer(Type.OFFER)
    assert network.answer(Type.ACK, address=parse_ip(address)) == []
    network.answer(Type.ACK)
    network.sleep()
    assert network.answer(Type.ACK, address=parse_ip(address)) == []
    assert (network.client.state, str(network.client.lease.address)) == (State.RENEWING, "192.168.1.5/24")


def test_another_address_than_the_offered_one_is_not_taken(network):
    network.start()
    network.answer(Type.OFFER)
    assert network.answer(Type.ACK, address=parse_ip("192.168.1.6")) == []
    assert network.client.state == State.REQUESTING


def test_a_lease_of_no_time_is_none_and_its_server_named_in_the_end(network):
    network.start()
    network.answer(Type.OFFER)
    assert network.answer(Type.ACK, LEASE_TIME=bytes(4)) == []
    assert network.client.state == State.REQUESTING
    while network.client.deadline:
        network.sleep()
    reason = "the server 192.168.1.1 never confirmed its offer"
    assert network.done == [GaveUp(f"no more tries: {reason}")]


def test_an_early_wake_up_changes_nothing(network):
    network.start()
    assert network.client.tick(network.now + 0.1) == []
    assert network.types == [Type.DISCOVER]


# Keeping it.


def test_a_lease_is_renewed_at_half_its_time_and_again(network):
    network.bind()
    first = network.client.lease
    network.sleep()
    assert (network.now, network.client.state) == (1500, State.RENEWING)
    assert network.answer(Type.ACK) == [Bound(network.client.lease, first)]
    assert (network.client.state, network.client.deadline, network.client.lease.expiry) == (State.BOUND, 2000, 2500)
    network.sleep()
    assert (network.now, network.client.state) == (2000, State.RENEWING)


def test_a_silent_server_is_asked_by_unicast_then_anybody_by_broadcast_then_the_address_goes(network):
    network.bind()
    lease = network.client.lease
    while network.done[-1] != Expired(lease):
        network.sleep()
    asked = [(when, to) for when, packet, to in network.sent[2:] if packet.type == Type.REQUEST]
    assert asked == [
        *[(when, ONE) for when in (1500, 1687.5, 1781.25, 1841.25)],
        *[(when, None) for when in (1875, 1937.5, 1997.5)],
    ], "RFC 2131, section 4.4.5: half of what is left, and no sooner than after a minute"
    assert network.now == 2000
    assert (network.types[-1], network.client.state, network.client.lease) == (Type.DISCOVER, State.SELECTING, None)


def test_another_server_may_prolong_it_while_rebinding(network):
    network.bind()
    first = network.client.lease
    while network.client.state != State.REBINDING:
        network.sleep()
    assert network.last.ciaddr == ADDRESS
    assert network.answer(Type.ACK, TWO) == [Bound(network.client.lease, first)]
    assert network.client.lease.server == TWO
    network.sleep()
    assert network.sent[-1][2] == TWO, "who is asked from now on"


def test_a_renewal_may_bring_other_routes(network):
    network.bind(ROUTERS=ONE.packed)
    first = network.client.lease
    network.sleep()
    network.answer(Type.ACK, ROUTERS=TWO.packed)
    assert network.done[-1] == Bound(network.client.lease, first)
    assert not network.client.lease.is_same_network(first)


@pytest.mark.parametrize("state", [State.RENEWING, State.REBINDING])
def test_a_refused_renewal_takes_the_address_at_once_and_asks_for_another(network, state):
    network.bind()
    lease = network.client.lease
    while network.client.state != state:
        network.sleep()
    assert network.answer(Type.NAK) == [Expired(lease)]
    assert network.types[-1] == Type.DISCOVER
    network.answer(Type.OFFER, address=parse_ip("192.168.1.77"))
    network.answer(Type.ACK, address=parse_ip("192.168.1.77"))
    assert network.done[-1] == Bound(network.client.lease, None)
    assert str(network.client.lease.address) == "192.168.1.77/24"


def test_after_expiry_it_asks_for_as_long_as_it_takes(network):
    network.bind()
    lease = network.client.lease
    while network.done[-1] != Expired(lease):
        network.sleep()
    for _ in range(50):
        network.sleep()
    assert network.done[-1] == Expired(lease), "it never gives up"
    assert network.now > 2000 + 40 * 60
    assert network.client.deadline - network.now <= 62 + 1, "nor does it fall asleep"
    network.answer(Type.OFFER)
    network.answer(Type.ACK)
    assert network.done[-1] == Bound(network.client.lease, None)


def test_a_lease_for_ever_is_left_alone(network):
    network.bind(LEASE_TIME=b"\xff" * 4)
    assert (network.client.state, network.client.deadline) == (State.BOUND, None)


# Another life, and the end.


@pytest.mark.parametrize(
    ("later", "state", "to"),
    [(100, State.BOUND, ()), (600, State.RENEWING, (ONE,)), (900, State.REBINDING, (None,))],
)
def test_a_client_that_is_started_again_goes_on_where_it_was(network, later, state, to):
    network.bind()
    lease, xid = network.client.lease, network.last.xid
    again = Network(now=1000 + later)
    assert again.take(again.client.resume(lease, again.now)) == []
    assert (again.client.state, again.client.lease) == (state, lease)
    assert tuple(each[2] for each in again.sent) == to
    assert {packet.xid for _, packet, _ in again.sent} <= {xid}


def test_a_lease_that_expired_in_the_meantime_is_taken_off_first(network):
    network.bind()
    lease = network.client.lease
    again = Network(now=2000)
    assert again.take(again.client.resume(lease, again.now)) == [Expired(lease)]
    assert again.types == [Type.DISCOVER]


def test_after_a_release_it_is_silent(network):
    network.bind()
    network.take(network.client.release(network.now))
    assert (network.client.deadline, network.client.lease) == (None, None)
    assert network.client.tick(5000) == []
    assert network.take(network.client.release(network.now)) == []
    assert network.types.count(Type.RELEASE) == 1


def test_there_is_nothing_to_release_before_a_lease_or_after_its_end(network):
    network.start()
    assert network.client.release(network.now) == []
    network.bind()
    assert network.client.release(2000) == []
