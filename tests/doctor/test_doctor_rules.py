"""`poplin doctor --only rules`: Poplin's own tables, of which somebody flushed something."""

from __future__ import annotations

from typing import Any

import pytest

CHECK = "rules"
PORTMAP = {"type": "portmap", "capabilities": {"portMappings": True}}


def test_rules_that_were_flushed(clinic: Any) -> None:
    clinic.configure(clinic.bridge())
    clinic.attach()
    assert clinic.find(CHECK) == []
    clinic.sh("nft flush chain inet poplin postrouting")
    found = clinic.find_one(CHECK)
    assert found == {
        "check": CHECK,
        "severity": "error",
        "text": "rules of table inet poplin were flushed: chains postrouting are empty or gone",
        "evidence": ["nft: set skeletons has nat-1, and chain postrouting no rule"],
        "mend": "poplin reload",
    }
    clinic.cure(CHECK, found)


@pytest.mark.parametrize(
    ("plugin", "keys", "table", "chain"),
    [
        ({"type": "firewall"}, {}, "inet poplin", "forward"),
        ({"type": "firewall", "ingressPolicy": "isolated"}, {}, "bridge poplin", "isolation"),
        (PORTMAP, {"macspoofchk": True}, "bridge poplin", "antispoof"),
    ],
)
def test_rules_of_every_feature_are_looked_at(
    clinic: Any, plugin: dict[str, Any], keys: dict[str, Any], table: str, chain: str
) -> None:
    clinic.configure(clinic.bridge(**keys), plugin)
    clinic.attach()
    assert clinic.find(CHECK) == []
    clinic.sh(f"nft flush chain {table} {chain}")
    found = clinic.find_one(CHECK)
    assert found["text"] == f"rules of table {table} were flushed: chains {chain} are empty or gone"
    clinic.cure(CHECK, found)


def test_everything_that_was_flushed(clinic: Any) -> None:
    clinic.configure(clinic.bridge(), PORTMAP, {"type": "firewall"})
    clinic.attach(options="--publish 8080:80")
    assert clinic.find(CHECK) == []
    clinic.sh("nft flush ruleset")
    found = clinic.find(CHECK)
    assert [each["text"] for each in found] == [
        "1 of 1 containers are not masqueraded any more",
        "1 of 1 containers are not let through by the firewall plugin any more",
        "ports of mynet/c1/eth0 are not published any more: 8080->80/tcp",
    ]
    assert found[0]["evidence"] == ["nft: sets masq4 and masq6 of table inet poplin have nothing of mynet/c1/eth0"]
    assert {each["mend"] for each in found} == {"poplin reload"}
    clinic.cure(CHECK, found[0])
    assert clinic.find(CHECK) == []


def test_rules_of_an_older_version_are_a_note(clinic: Any) -> None:
    clinic.configure(clinic.bridge())
    clinic.attach()
    clinic.sh("nft 'delete element inet poplin skeletons { nat-1 }; add element inet poplin skeletons { nat-0 }'")
    found = clinic.find_one(CHECK)
    assert found["severity"] == "note"
    assert found["text"] == "rules of an older Poplin are loaded in table inet poplin; the next ADD replaces them"
    assert found["evidence"] == ["nft: set skeletons has nat-0, and this program has nat-1"]
    clinic.cure(CHECK, found)


def test_what_the_reference_attached_has_nothing_in_our_tables(clinic: Any) -> None:
    clinic.configure(clinic.bridge(), version="1.0.0")
    ours, clinic.environ["CNI_PATH"] = clinic.environ["CNI_PATH"], "/usr/lib/cni"
    clinic.attach()
    clinic.environ["CNI_PATH"] = ours
    assert clinic.find(CHECK) == []
