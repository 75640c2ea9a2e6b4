"""Plugins that are old, endless or destructive: each is judged fairly, and the machine is spared."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from conformance.judging import ADVICE, BROKEN, GOOD, HEAD, KEPT, check, list_rules, write_plugin

from poplin.conformance.judge import excuse
from poplin.conformance.known import find_defect
from poplin.conformance.rule import KNOWN, UNSEEN, Outcome
from poplin.conformance.subject import Subject, make_subject
from poplin.conformance.table import RULES

SETTING = Path("/proc/sys/kernel/printk_ratelimit")
ANSWERS = """\
#!/bin/sh
case $CNI_COMMAND in
VERSION) echo '{"cniVersion": "1.0.0", "supportedVersions": ["1.0.0"]}' ;;
ADD)
%s
sed 's/.*"prevResult": //; s/}$//' ;;
esac
"""


def good(*edits: tuple[str, str]) -> str:
    """The good plugin with pieces replaced."""
    text = HEAD + GOOD.read_text()
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return text


def test_a_plugin_older_than_interfaces_need_not_tell_of_them(tmp_path: Path) -> None:
    path = write_plugin(tmp_path, good(('VERSIONS = ["0.2.0", "0.3.1", "1.0.0", "1.1.0"]', 'VERSIONS = ["0.2.0"]')))
    status, report = check(path, "--rule=result-has-the-interface", "--rule=add-works")
    assert (status, list_rules(report, KEPT), list_rules(report, BROKEN)) == (0, ["add-works"], [])


def test_a_plugin_older_than_check_may_say_that_it_does_not_know_the_verb(tmp_path: Path) -> None:
    old = (('"0.3.1", "1.0.0", "1.1.0"]', '"0.3.1"]'), ('"CHECK": "0.4.0", "GC": "1.1.0", "STATUS": "1.1.0"', ""))
    status, report = check(write_plugin(tmp_path, good(*old)), "--rule=check-refused-before-its-time")
    assert (status, list_rules(report, KEPT)) == (0, ["check-refused-before-its-time"])


def test_what_is_null_in_a_result_is_absent(tmp_path: Path) -> None:
    edit = (
        "    return format_result(convert(result, version))\n\n\ndef do_del",
        '    return {**format_result(convert(result, version)), "ips": None}\n\n\ndef do_del',
    )
    status, report = check(write_plugin(tmp_path, good(edit)), "--rule=result-has-the-shape")
    assert (status, list_rules(report, KEPT)) == (0, ["result-has-the-shape"])


def test_a_plugin_of_before_1_0_0_is_advised_about_codes_that_came_later(tmp_path: Path) -> None:
    edits = (
        ('"0.3.1", "1.0.0", "1.1.0"]', '"0.3.1"]'),
        ('        check_container_id(env["CNI_CONTAINERID"])\n', ""),
    )
    path = write_plugin(tmp_path, good(*edits))
    status, report = check(path, "--rule=bad-container-id-refused")
    assert (status, list_rules(report, ADVICE)) == (0, ["bad-container-id-refused"])
    assert check(path, "--rule=bad-container-id-refused", "--strict")[0] == 4


def test_what_a_plugin_leaves_running_ends_with_the_judgement(tmp_path: Path) -> None:
    told = tmp_path / "told"
    seconds = f"4243.{os.getpid()}"  # of no other run of the tests
    fork = f"(setsid setsid sh -c 'exec 9<{told}; exec sleep {seconds}' >/dev/null 2>&1 </dev/null &)"
    os.mkfifo(told)
    held = os.open(told, os.O_RDWR)
    try:
        status, report = check(write_plugin(tmp_path, ANSWERS % fork), "--rule=add-works", chained=True)
    finally:
        os.close(held)
    assert (status, list_rules(report, KEPT)) == (0, ["add-works"])
    sleeping = [each for each in Path("/proc").glob("[0-9]*/cmdline") if seconds.encode() in read_if_there(each)]
    assert sleeping == []


def read_if_there(path: Path) -> bytes:
    """Nothing of a process that has ended."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_neither_settings_nor_shared_memory_of_the_machine_are_changed(tmp_path: Path) -> None:
    before = SETTING.read_text()
    name = f"/dev/shm/{tmp_path.name}-of-a-plugin"
    lines = f"(echo 4242 >{SETTING}) 2>/dev/null; echo 1 >/proc/sys/net/ipv4/ip_forward || exit 3; echo >{name}"
    path = write_plugin(tmp_path, ANSWERS % f"{lines}; echo >/etc/cni/of-a-plugin")
    status, report = check(path, "--rule=add-works", "--rule=nothing-written-elsewhere", chained=True)
    assert (status, list_rules(report, KEPT), list_rules(report, ADVICE)) == (
        0,
        ["add-works"],
        ["nothing-written-elsewhere"],
    )
    assert report["rules"][1]["texts"] == [name, "/etc/cni/of-a-plugin"]
    assert (SETTING.read_text(), os.path.exists(name)) == (before, False)


def test_a_plugin_below_run_is_found() -> None:
    folder = Path(f"/run/of-a-plugin-{os.getpid()}")
    folder.mkdir()
    try:
        status, report = check(write_plugin(folder, ANSWERS % ":"), "--rule=add-works", chained=True)
        assert (status, list_rules(report, KEPT)) == (0, ["add-works"])
    finally:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def test_a_plugin_that_prints_without_end_is_not_waited_for(tmp_path: Path) -> None:
    status, report = check(write_plugin(tmp_path, "#!/bin/sh\nexec yes\n"), "--rule=version-answers", chained=True)
    [rule] = report["rules"]
    assert (status, rule["status"]) == (4, BROKEN)
    assert rule["texts"][0].startswith("with a question on stdin, VERSION: prints without end, y y y")


def test_a_known_defect_excuses_what_could_not_be_judged_only_where_it_is_in_the_way() -> None:
    outcome = Outcome(RULES["late-del-leaves-nothing"], UNSEEN, ["DEL does not work"])
    excused = {each: excuse(tell(each), outcome).status for each in ("host-device", "bridge")}
    assert excused == {"host-device": KNOWN, "bridge": UNSEEN}


def tell(plugin: str) -> Subject:
    """A plugin of the reference."""
    return replace(make_subject(f"/nowhere/{plugin}", [], None, "", 1.0), about=f"CNI {plugin} plugin v1.1.1")


def test_the_defects_of_the_reference_are_those_of_its_types_alone() -> None:
    assert find_defect("CNI bridge plugin version unknown", "errors-name-their-version")
    assert find_defect("CNI mine plugin version unknown", "errors-name-their-version") is None
