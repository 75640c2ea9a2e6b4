"""`poplin plugin check` as a command: what it prints and writes, its exit statuses, and that nothing is left."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from netlab import CHECKOUT, PATIENCE, PRIVATE, Host

from poplin.cli.main import main as poplin
from poplin.conformance.junit import make_junit
from poplin.conformance.rule import ADVICE, BROKEN, KEPT, KNOWN, NOT_ASKED, UNSEEN, Outcome
from poplin.conformance.table import GROUPS, RULES

QUICK = "--rule=version-answers"
RULE = RULES["add-works"]


def run(*arguments: str, prefix: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """`poplin plugin check` in a process of its own."""
    line = [*prefix, sys.executable, "-m", "poplin.cli.main", "plugin", "check", *arguments]
    return subprocess.run(line, capture_output=True, text=True, timeout=2 * PATIENCE, check=False, cwd=CHECKOUT)


def see_machine(host: Host) -> list[str]:
    """The links and the rules of the namespace it runs in, the mounts, and the folders where state would be."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    files = [str(path) for folder in PRIVATE for path in Path(folder).rglob("*")]
    return sorted([*mounts, *files, *host.links(), *host.sh("nft list ruleset").splitlines()])


def test_the_rules_are_listed_with_what_they_demand(capsys: pytest.CaptureFixture[str]) -> None:
    assert poplin(["plugin", "check", "--list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["version"] == 1
    assert [each["rule"] for each in listed["rules"]] == list(RULES)
    assert listed["rules"][0] == {
        "rule": "version-answers",
        "group": "version",
        "section": "Section 2: VERSION",
        "demand": "VERSION prints one JSON object with a cniVersion, and exits with 0",
    }
    assert poplin(["plugin", "check", "--list"]) == 0
    assert [line for line in capsys.readouterr().out.splitlines() if line and line[0] != " "] == list(GROUPS)


def test_there_are_at_least_thirty_rules() -> None:
    assert len(RULES) >= 30


def test_a_plugin_that_keeps_a_rule(bin_dir: Path) -> None:
    done = run(str(bin_dir / "bridge"), QUICK, "--rule=previous-result-is-kept")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "kept: version-answers",
        "does not apply: previous-result-is-kept: it is for plugins of kind chained",
        "2 rules: 1 kept, 1 does not apply",
    ]


def test_a_plugin_that_breaks_a_rule(tmp_path: Path) -> None:
    path = tmp_path / "mute"
    path.write_text("#!/bin/sh\nexit 0\n")
    path.chmod(0o755)
    done = run(str(path), QUICK, "--kind=chained", f"--junit={tmp_path / 'report.xml'}")
    assert (done.returncode, done.stderr) == (4, "")
    assert done.stdout.splitlines() == [
        "broken: version-answers: VERSION prints one JSON object with a cniVersion, and exits with 0 (Section 2: "
        "VERSION)",
        "    seen: with a question on stdin, VERSION: exit status 0",
        "1 rule: 1 broken",
    ]
    case = ElementTree.parse(tmp_path / "report.xml").getroot()[0]
    assert (case.attrib["classname"], case.attrib["name"]) == ("mute.version", "version-answers")
    assert case[0].tag == "failure"


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ((), 2, "name the executable of a plugin, or use --list"),
        (("/nowhere/bridge",), 3, "there is no file '/nowhere/bridge'"),
        (("/etc/passwd",), 1, "/etc/passwd: it is not executable; run chmod +x"),
        (("/bin/true",), 1, "nothing is known of plugins of type 'true'; give a network configuration for it with"),
        (("/bin/true", "--rule=nonsense"), 2, "invalid choice: 'nonsense'"),
        (("/bin/true", "--config=/nowhere.conf"), 1, "/nowhere.conf: No such file or directory"),
    ],
)
def test_what_cannot_be_judged(arguments: tuple[str, ...], status: int, words: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("#!/no/such/interpreter -x\n", "the interpreter of its first line, '#!/no/such/interpreter -x', is not there"),
        ("", "Exec format error"),
    ],
)
def test_what_is_no_program(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "bridge"
    path.write_text(text)
    path.chmod(0o755)
    done = run(str(path), QUICK)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"poplin plugin check: cannot execute {path}: {words}\n"


def test_programs_get_errors_as_json() -> None:
    done = run("/nowhere/bridge", "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout) == {
        "version": 1,
        "errors": [{"code": 5, "msg": "there is no file '/nowhere/bridge'"}],
    }


def test_a_report_that_cannot_be_written_is_refused_before_anything_is_judged(bin_dir: Path) -> None:
    done = run(str(bin_dir / "ptp"), QUICK, "--junit=/nowhere/report.xml")
    assert (done.returncode, done.stdout) == (1, "")
    expected = "poplin plugin check: /nowhere: cannot write into this folder: No such file or directory\n"
    assert done.stderr == expected


def test_a_configuration_beside_an_unknown_plugin_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "mute"
    path.write_text("#!/bin/sh\nexit 0\n")
    path.chmod(0o755)
    network = {"cniVersion": "1.0.0", "name": "a", "plugins": [{"type": "bridge"}, {"type": "mute"}]}
    path.with_name("mute.conflist").write_text(json.dumps(network))
    report = json.loads(run(str(path), QUICK, "--json").stdout)
    assert (report["type"], report["kind"]) == ("mute", "chained")


def test_a_configuration_without_the_plugin_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "net.conflist"
    config.write_text('{"cniVersion": "1.0.0", "name": "a", "plugins": [{"type": "bridge"}, {"type": "tuning"}]}')
    done = run("/bin/true", f"--config={config}")
    assert done.returncode == 1
    assert "network 'a' has no plugin of type 'true'; it has bridge, tuning" in done.stderr


def test_the_plugins_before_it_in_a_list_are_called_first(bin_dir: Path, tmp_path: Path) -> None:
    ipam = {"type": "host-local", "ranges": [[{"subnet": "10.9.0.0/24"}]]}
    plugins = [{"type": "bridge", "bridge": "br7", "ipam": ipam}, {"type": "tuning", "mtu": 1300}]
    config = tmp_path / "net.conflist"
    config.write_text(json.dumps({"cniVersion": "1.1.0", "name": "mynet", "plugins": plugins}))
    rules = ("add-works", "check-works", "previous-result-is-kept", "del-leaves-nothing", "interfaces-are-there")
    done = run(str(bin_dir / "tuning"), f"--config={config}", "--json", *(f"--rule={each}" for each in rules))
    report = json.loads(done.stdout)
    assert report["kind"] == "chained"
    assert {each["rule"]: (each["status"], each["texts"]) for each in report["rules"]} == {
        each: (KEPT, []) for each in rules
    }


def test_nothing_of_it_is_left_on_the_machine(host: Host) -> None:
    before = see_machine(host)
    rules = ("--rule=del-leaves-nothing", "--rule=adds-at-once")
    done = run(str(host.bin_dir / "ptp"), *rules, prefix=("nsenter", f"--net={host.path}"))
    assert (done.returncode, see_machine(host)) == (0, before)


# Who is no root sees the checkout at /mnt: it may be in root's home.
AS_NOBODY = f"""
mount --bind {CHECKOUT} /mnt && cd /mnt
exec setpriv --reuid=65534 --regid=65534 --clear-groups "/mnt/${{1#{CHECKOUT}/}}" "${{@:2}}"
"""
USERS = {"root of a namespace": ("unshare", "-rmn"), "nobody": ("unshare", "-m", "bash", "-ec", AS_NOBODY, "bash")}


@pytest.mark.parametrize("prefix", USERS.values(), ids=USERS)
def test_it_needs_no_root_where_there_are_user_namespaces(prefix: tuple[str, ...]) -> None:
    """Root of one makes no other; an ordinary user makes one."""
    done = run("/usr/lib/cni/loopback", "--rule=add-works", "--rule=del-leaves-nothing", prefix=prefix)
    assert (done.stdout.splitlines()[-1:], done.returncode) == (["2 rules: 2 kept"], 0), done


def test_services_for_continuous_integration_get_a_case_for_each_rule() -> None:
    outcomes = [
        Outcome(RULE, KEPT, seconds=1.5),
        Outcome(RULE, BROKEN, ["seen <this>\0"]),
        Outcome(RULE, KNOWN, ["seen"], "it is so."),
        Outcome(RULE, ADVICE, ["seen"]),
        Outcome(RULE, NOT_ASKED, ["too old"]),
        Outcome(RULE, UNSEEN, ["ADD does not work"]),
    ]
    suite = ElementTree.fromstring(make_junit("bridge", outcomes))
    assert suite.attrib == {
        "name": "CNI conformance of bridge",
        "tests": "6",
        "failures": "1",
        "errors": "1",
        "skipped": "3",
    }
    assert [[(kind.tag, kind.attrib["message"], kind.text) for kind in case] for case in suite] == [
        [],
        [("failure", RULE.demand, "seen <this>\N{REPLACEMENT CHARACTER}")],
        [("skipped", "it is so.", "seen")],
        [("skipped", RULE.demand, "seen")],
        [("skipped", RULE.demand, "too old")],
        [("error", RULE.demand, "ADD does not work")],
    ]
    strict = ElementTree.fromstring(make_junit("bridge", outcomes, is_strict=True))
    assert strict.attrib["failures"] == "3"
