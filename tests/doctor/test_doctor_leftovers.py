"""`poplin doctor --only leftovers`: what containers that are gone left behind."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from firewall import elements
from netlab import lease_files

from poplin.doctor.strays import YOUNG

CHECK = "leftovers"
HOUR = 3600
OLD = 2 * YOUNG  # seconds, and not much more: what is older than the machine is up is judged otherwise


def age(folder: Path, seconds: float = OLD) -> None:
    """Have these leases been there for a while."""
    then = time.time() - seconds
    for file in folder.glob("10.*"):
        os.utime(file, (then, then))


def forget(clinic: Any) -> None:
    """Lose the records."""
    for record in clinic.results.iterdir():
        record.unlink()
    age(clinic.leases / "mynet")


def test_containers_that_are_gone(clinic: Any) -> None:
    clinic.configure(clinic.bridge())
    kept, gone = clinic.attach(), clinic.attach(container_id="c2")
    assert clinic.find(CHECK) == []
    gone.remove()
    found = clinic.find_one(CHECK)
    assert found == {
        "check": CHECK,
        "severity": "warning",
        "text": "1 container of network mynet is gone, and was not detached",
        "evidence": [f"{clinic.results}: c2 eth0: no {gone.path}"],
        "mend": "poplin gc mynet",
    }
    clinic.cure(CHECK, found)
    assert clinic.find(CHECK) == []
    assert kept.addresses("eth0") == ["10.22.0.2/16"]


@pytest.mark.parametrize("is_configured", [True, False])
def test_containers_of_a_network_without_gc_are_detached_one_by_one(clinic: Any, is_configured: bool) -> None:
    """As also those of a network that nobody has configured any more: its record has the configuration."""
    file = clinic.configure(clinic.bridge(), disableGC=True)
    clinic.attach().remove()
    if not is_configured:
        file.unlink()
    found = clinic.find_one(CHECK)
    assert "poplin del mynet" in found["mend"]
    assert found["mend"].startswith("poplin") == is_configured
    clinic.cure(CHECK, found)
    assert list(clinic.results.iterdir()) == []
    assert lease_files(clinic.leases) == []


def test_what_is_on_no_record(clinic: Any) -> None:
    clinic.configure(clinic.bridge())
    clinic.attach()
    forget(clinic)
    found = clinic.find_one(CHECK)
    assert found["severity"] == "warning"
    assert found["text"] == (
        "network mynet has 1 link on the host, 1 element in the firewall, 1 lease of attachments that are on no "
        f"record in {clinic.results}"
    )
    assert sorted(found["evidence"]) == sorted(
        [
            'element masq4 { 10.22.0.2 comment "46273df3fb63c923 mynet/c1/eth0" }',
            f"{clinic.leases}/mynet/10.22.0.2 of c1 eth0",
            f"{clinic.host.links()[1]} of mynet/c1/eth0",
        ]
    )
    assert found["mend"] == "poplin gc mynet"
    clinic.cure(CHECK, found)
    assert clinic.find(CHECK) == []


def test_without_gc_each_thing_is_removed_by_a_line_of_its_own(clinic: Any) -> None:
    clinic.configure(clinic.bridge(), version="1.0.0")
    clinic.attach()
    forget(clinic)
    found = clinic.find_one(CHECK)
    links = [link for link in clinic.host.links() if link.startswith("veth")]
    assert found["mend"] == (
        f"nft 'delete element inet poplin masq4 {{ 10.22.0.2 }}' && rm -f {clinic.leases}/mynet/10.22.0.2 && "
        f"ip link delete dev {links[0]}"
    )
    clinic.cure(CHECK, found)
    assert (lease_files(clinic.leases), clinic.host.links()) == ([], ["cni0"])
    assert "10.22.0.2" not in str(elements(clinic.host))


def test_a_lease_that_was_just_made_may_be_of_an_add_that_goes_on(clinic: Any) -> None:
    clinic.configure(clinic.bridge())
    folder = clinic.leases / "mynet"
    folder.mkdir(parents=True)
    (folder / "10.22.0.7").write_text("c7\r\neth0")
    assert clinic.find(CHECK) == []
    age(folder)
    found = clinic.find_one(CHECK)
    assert found["evidence"] == [f"{folder}/10.22.0.7 of c7 eth0"]
    clinic.cure(CHECK, found)
    assert lease_files(clinic.leases) == []


def test_leases_of_an_earlier_boot_are_a_note(clinic: Any) -> None:
    clinic.configure(clinic.bridge())
    folder = clinic.leases / "mynet"
    folder.mkdir(parents=True)
    (folder / "10.22.0.7").write_text("c7\r\neth0")
    up = float(Path("/proc/uptime").read_text().split()[0])
    age(folder, up + HOUR)
    found = clinic.find_one(CHECK)
    assert found["severity"] == "note"
    assert found["text"] == (
        "network mynet has leases of before the machine was started, which the next ADD frees: 1 lease"
    )
    clinic.cure(CHECK, found)
    assert lease_files(clinic.leases) == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "it is empty"),
        ("{", "cannot decode"),
        ('{"kind": "cniCacheV2"}', "its kind is 'cniCacheV2'"),
    ],
)
def test_a_record_nobody_can_read(clinic: Any, content: str, reason: str) -> None:
    clinic.results.mkdir(parents=True)
    path = clinic.results / "mynet-c1-eth0"
    path.write_text(content)
    found = clinic.find_one(CHECK)
    assert found["text"] == f"{path} is no record of an attachment, and nobody can detach by it"
    assert reason in found["evidence"][0]
    clinic.cure(CHECK, found)
    assert not path.exists()


def test_a_folder_among_the_records_is_not_seen_and_hides_nothing(clinic: Any) -> None:
    (clinic.results / "folder").mkdir(parents=True)
    (clinic.results / "mynet-c1-eth0").write_text("{")
    visit = clinic.visit(CHECK)
    assert visit.report["unseen"] == [{"check": CHECK, "text": f"{clinic.results}/folder: Is a directory"}]
    assert len(visit.find(CHECK, "warning")) == 1


@pytest.mark.parametrize("netns", ["/nul\0byte", "/lone\ud800", "/x\n    mend: evil", "-x"])
def test_a_record_of_a_namespace_nobody_could_have(clinic: Any, netns: str) -> None:
    """It is gone, and what is printed of it stays in its line."""
    clinic.configure(clinic.bridge(), disableGC=True)
    clinic.results.mkdir(parents=True)
    names = {"containerId": "c1", "ifName": "eth0", "networkName": "mynet", "netns": netns}
    (clinic.results / "mynet-c1-eth0").write_text(json.dumps({"kind": "cniCacheV1", "config": "", **names}))
    assert clinic.find(CHECK)[0]["text"] == "1 container of network mynet is gone, and was not detached"
    done = clinic.run([sys.executable, "-m", "poplin.cli.main", "doctor", "--only", CHECK])
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    mends = [line for line in done.stdout.splitlines() if line.startswith("    mend: ")]
    assert all(line.startswith(("    mend: poplin del mynet ", "    mend: rm -f ")) for line in mends)


def test_a_result_of_a_time_before_records_had_a_kind_is_left_alone(clinic: Any) -> None:
    clinic.results.mkdir(parents=True)
    (clinic.results / "mynet-c1-eth0").write_text(json.dumps({"cniVersion": "0.3.1", "ips": []}))
    assert clinic.find(CHECK) == []
