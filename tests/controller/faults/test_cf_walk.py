"""A developer with the cf command line, before a real server, a UAA and a Cloud Controller (cf-control-plane §7)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from controller.capi import Capi
from controller.faults.cf_cli import BATCH, CommandLine, Failed
from controller.faults.fleet import Visitor, make_cloud_tables, make_shared, sharing
from controller.serve.server_lab import Papers, make_client
from controller.store_lab import Database
from controller.uaa import Uaa

OWN = [f"00000000-0000-4000-8000-{number:012}" for number in range(BATCH + 50)]
FOREIGN = "ffffffff-0000-4000-8000-000000000000"
DENIED = "one or more applications cannot be found or accessed"


@pytest.fixture(scope="module")
def visitor(
    database: Database, tmp_path_factory: pytest.TempPathFactory, papers: Papers, uaa: Uaa, cloud: Capi
) -> Iterator[Visitor]:
    """Without a token."""
    folder = tmp_path_factory.mktemp("cf")
    for guid in OWN:
        cloud.add_app(guid, "space", "ada-guid")
    cloud.add_app(FOREIGN, "elsewhere", "bob-guid")
    for user in ("ada", "bob"):
        uaa.add_token(user, scope=["network.write"], sub=f"{user}-guid", user_name=user)
    settings = make_shared(papers, database.new_url(), max_policies=3)
    with (
        sharing(folder, {**settings, **make_cloud_tables(folder, uaa, cloud)}, 1) as [server],
        Visitor(make_client(papers), [server.urls["external"]]) as made,
    ):
        yield made


@pytest.fixture
def cf(visitor: Visitor) -> CommandLine:
    """Ada's, in her space."""
    return CommandLine(visitor, "ada")


def test_policies_of_a_space_are_added_listed_and_removed(cf: CommandLine) -> None:
    first, last, second = OWN[0], OWN[-1], OWN[1]  # which are listed in two batches
    cf.add_network_policy(first, last)
    cf.add_network_policy(last, first, "udp", "9000-9010")
    cf.add_network_policy(second, second, "tcp", "443")
    rows = [(first, last, "tcp", "8080"), (second, second, "tcp", "443"), (last, first, "udp", "9000-9010")]
    assert cf.network_policies(OWN) == rows
    assert cf.network_policies([first]) == rows[:1]
    assert cf.remove_network_policy(last, first, "udp", "9000") == "Policy does not exist.\nOK"
    assert cf.network_policies(OWN) == rows
    for source, destination, protocol, ports in rows:
        assert cf.remove_network_policy(source, destination, protocol, ports) == "OK"
    assert cf.network_policies(OWN) == []
    assert cf.remove_network_policy(first, last, "tcp", "8080") == "Policy does not exist.\nOK"


def test_what_a_developer_may_not_do_is_said(cf: CommandLine, visitor: Visitor) -> None:
    with pytest.raises(Failed, match=DENIED):
        cf.add_network_policy(OWN[0], FOREIGN)
    with pytest.raises(Failed, match="missing start port"):
        cf.add_network_policy(OWN[0], OWN[1], "tcp", "0")
    with pytest.raises(Failed, match="failed to verify token with uaa"):
        CommandLine(visitor, "nobody").network_policies(OWN)


def test_quota_holds_until_one_is_removed(cf: CommandLine) -> None:
    for port in ("1", "2", "3"):
        cf.add_network_policy(OWN[2], OWN[3], "tcp", port)
    with pytest.raises(Failed, match="policy quota exceeded"):
        cf.add_network_policy(OWN[2], OWN[3], "tcp", "4")
    cf.remove_network_policy(OWN[2], OWN[3], "tcp", "1")
    cf.add_network_policy(OWN[2], OWN[3], "tcp", "4")
    assert [ports for *_, ports in cf.network_policies(OWN)] == ["2", "3", "4"]


def test_others_do_not_see_it(cf: CommandLine, visitor: Visitor) -> None:
    cf.add_network_policy(OWN[4], OWN[5])
    assert cf.network_policies([OWN[4]]) == [(OWN[4], OWN[5], "tcp", "8080")]
    bob = CommandLine(visitor, "bob")
    assert bob.network_policies([OWN[4]]) == []
    with pytest.raises(Failed, match=DENIED):
        bob.call("POST", "/policies/delete", {"policies": cf.call("GET", f"/policies?id={OWN[4]}")["policies"]})
    assert cf.network_policies([OWN[4]]) == [(OWN[4], OWN[5], "tcp", "8080")]
