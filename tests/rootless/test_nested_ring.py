"""The tests on the real kernel again, as root of a user namespace: `unshare -rmn`.

A few files of each kind usually; all of them with POPLIN_ALL in the environment, as `scripts/test --all` has it, but
of their tests a sample, unless POPLIN_LONG is there too, as `scripts/test --long` has it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from netlab import CHECKOUT

PATIENCE = 3600  # seconds; the longest takes minutes where two processors are busy with other things
USUAL = {
    "bridge": ("bridge/test_bridge_add.py", "bridge/test_bridge_masquerade.py", "bridge/test_bridge_vlans.py"),
    "dnsname": ("dnsname/test_dnsname_verbs.py",),
    "ptp": ("ptp/test_ptp_add.py", "ptp/test_ptp_verbs.py"),
    "macvlan": ("macvlan/test_macvlan_verbs.py",),
    "firewall": ("firewall/test_firewall_foreign.py",),
    "portmap": ("portmap/test_portmap_matrix.py", "portmap/test_portmap_verbs.py"),
    "host-device": ("host_device/test_host_device_return.py",),
    "host-local": ("host_local/test_host_local_verbs.py",),
    "loopback": ("test_loopback.py",),
    "static": ("test_static.py",),
    "tap": ("tap/test_tap_add.py", "tap/test_tap_verbs.py"),
}
PARTS = {name: [f"tests/plugins/{file}" for file in files] for name, files in USUAL.items()}
PARTS["dhcp"] = ["tests/dhcp/test_dhcp_leases.py"]
PARTS["cli"] = ["tests/cli/test_run.py", "tests/cli/test_publish.py"]
OF_PLUGINS = [path.relative_to(CHECKOUT / "tests") for path in sorted((CHECKOUT / "tests/plugins").glob("[a-z]*"))]
ALL_PARTS = {
    str(part): [f"tests/{part}"] for part in ("dhcp", "linux", "runtime", "cli", "doctor", "docs", *OF_PLUGINS)
}
SELECTED = ALL_PARTS if "POPLIN_ALL" in os.environ else PARTS
SAMPLE = 4 if "POPLIN_ALL" in os.environ and "POPLIN_LONG" not in os.environ else 1

# As whoever makes a network namespace does first; servers of tests listen there.
INSIDE = ["unshare", "-rmn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]

SWITCHING = "tests/plugins/dnsname/test_dnsname_switching.py"
PLACES = "tests/plugins/dnsname/test_dnsname_places.py"
GROUPS = "has the reference start dnsmasq, which it lets change its group"

# What root of a user namespace cannot do, so that these tests prove nothing there.
NEEDS_ROOT = {
    "tests/plugins/bridge/test_bridge_add.py::test_switches_that_may_not_be_written": "mounts another /proc",
    "tests/plugins/tap/test_tap_add.py::test_who_may_open_it": "names other users",
    "tests/cli/test_doctor_cli.py::test_who_is_not_root_is_told_what_was_not_seen": "becomes another user",
    "tests/cli/test_install.py::test_what_others_may_write_is_refused[owner]": "gives a file to another user",
    "tests/dhcp/test_dhcp_daemon.py::test_it_obeys_root_alone": "becomes another user",
    "tests/dhcp/test_dhcp_store.py::test_leases_are_kept_in_no_folder_that_others_may_write[owner]": "gives one away",
    "tests/doctor/test_doctor_plugins.py::test_a_folder_of_somebody_else": "gives a folder to another user",
    "tests/doctor/test_doctor_switches.py::test_forwarding_that_nobody_can_switch_on_is_an_error": "mounts /proc",
    "tests/docs/test_pages.py::test_page_is_true[docs/howto/install.md]": "gives a file to a group, mounts /proc",
    "tests/docs/test_troubleshooting.py::test_message_is_printed_and_its_cure_works"
    "[...: Operation not permitted (code 5); run it as root]": "becomes another user",
    f"{SWITCHING}::test_each_adds_to_what_the_other_began_and_removes_what_it_wrote": GROUPS,
    f"{SWITCHING}::test_we_check_what_the_reference_wrote": GROUPS,
    f"{SWITCHING}::test_of_the_references_two_containers_of_one_name_del_forgets_the_right_one": GROUPS,
    f"{SWITCHING}::test_gc_leaves_what_does_not_say_whose_it_is": GROUPS,
    f"{PLACES}::test_what_the_reference_has_in_the_folder_of_a_login_is_found_by_a_service": GROUPS,
    f"{PLACES}::test_a_folder_below_that_is_somebody_elses_does_not_count": "gives a folder away",
    f"{PLACES}::test_no_dnsmasq_is_begun_with_what_others_wrote[chown]": "gives a file away",
    "tests/plugins/dnsname/test_dnsname_server.py::test_no_files_of_root_with_somebody_else": "gives a folder away",
    "tests/runtime/test_sandbox.py::test_without_the_right_to_it_the_reason_is_told": "becomes another user",
}


@pytest.mark.parametrize("part", SELECTED)
def test_the_ring_passes_in_a_user_namespace(part: str, tmp_path: Path) -> None:
    outcome = tmp_path / "outcome"
    with TemporaryDirectory(prefix="ring-") as folder:  # a short name: what is below it has sockets, of 107 letters
        options = [f"--deselect={node}" for node in NEEDS_ROOT]
        options += ["-p", "no:cacheprovider", f"--basetemp={folder}/nested", "--tally", f"--summary={outcome}"]
        options += [f"--sample={SAMPLE}"]
        command = [*INSIDE, sys.executable, "-m", "pytest", *options, *SELECTED[part]]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert outcome.is_file(), done.stdout + done.stderr
    summary = json.loads(outcome.read_text())
    assert not summary["failures"], "\n\n".join(f"{node}\n{text}" for node, text in summary["failures"].items())
    assert (summary["failed"], summary["skipped"]) == (0, 0)
    assert summary["passed"] > 0


@pytest.mark.parametrize("node", NEEDS_ROOT)
def test_what_is_left_out_is_there(node: str) -> None:
    file, _, name = node.partition("::")
    assert f"def {name.partition('[')[0]}(" in (CHECKOUT / file).read_text()
