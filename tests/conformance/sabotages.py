"""What breaks each rule: pieces of the good plugin, and what stands there instead."""

from __future__ import annotations

from dataclasses import dataclass

Edits = tuple[tuple[str, str], ...]

ANSWER = '{"cniVersion": "1.1.0", "supportedVersions": VERSIONS}'
VERSION = '    if verb == "VERSION":\n'
ADD = "def do_add(conf, version):\n"
DEL = "def do_del(conf, version):\n"
CHECK = "def do_check(conf, version):\n"
STATUS = "def do_status(conf, version):\n"
VALID = (
    "    valid = {f\"{each['containerID']}:{each['ifname']}\" "
    'for each in conf.get("cni.dev/valid-attachments") or []}\n'
)
ID = "own()"
CONVERTED = "    return format_result(convert(result, version))\n\n\ndef do_del"
RELEASED = f"    release({ID})\n    return None\n\n\ndef do_check"
UNKNOWN = 'InvalidEnvironment(f"unknown CNI_COMMAND {verb}")'
MISSING = 'InvalidEnvironment(f"CNI_{name} is missing")'
OF_ERRORS = "print(dumps({"
TAKEN = 'raise CNIError("the name is taken", code=102)'
REFUSE = 'raise CNIError("sabotage", code=100)\n'
HISTORY = "/var/lib/cni/history"
IS_MADE = f'os.stat(f"{{FOLDER}}/{{{ID}}}").st_mode & 0o100'
IS_SIBLING = 'each.startswith(env["CNI_CONTAINERID"] + ":")'
DESTROY = "Namespace().rtnl.remove_link(name(each)), release(each)"
# Some faults show only while two calls overlap, or when a call is killed in their midst: these last two seconds, which
# is longer than the calls of a busy machine are apart.
MARK = """\
    import time
    time.sleep(2)
    os.chmod(f"{FOLDER}/{own()}", 0o700)
"""
DELS_IN_TURN = """\
    if os.path.isdir(FOLDER):
        import time
        held = open(f"{FOLDER}/lock")
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(2)
"""


@dataclass(frozen=True)
class Sabotage:
    """Broken by replacing pieces of text; `along` are other rules that may break with it."""

    edits: Edits
    along: tuple[str, ...] = ()
    is_chained: bool = False


def one(old: str, new: str, *along: str) -> Sabotage:
    """One piece."""
    return Sabotage(((old, new),), along)


def at_start(of: str, line: str, *along: str) -> Sabotage:
    """A line at the beginning of a function."""
    return one(of, f"{of}    {line}", *along)


SABOTAGES = {
    "version-answers": one(ANSWER, '{"supportedVersions": VERSIONS}'),
    "version-lists-versions": one(ANSWER, '{"cniVersion": "1.1.0", "supportedVersions": [*VERSIONS, "newest"]}'),
    "version-without-stdin": one(
        VERSION, f"{VERSION}        if not sys.stdin or not sys.stdin.read():\n            return 1\n"
    ),
    "version-without-variables": one(VERSION, f'{VERSION}        env["PATH"]\n'),
    "add-works": at_start(ADD, REFUSE),
    "add-prints-one-object": one("        print(dumps(output))\n", '        print("attached", dumps(output))\n'),
    "del-works": at_start(
        DEL,
        f'if conf.get("prevResult") and os.path.exists(env.get("CNI_NETNS", "")) and leases():\n        {REFUSE}',
        "each-version-works",
    ),
    "del-prints-nothing": one(RELEASED, RELEASED.replace("None", '{"done": True}')),
    "check-works": at_start(CHECK, REFUSE, "each-version-works"),
    "check-prints-nothing": one("    return None\n\n\ndef do_gc", '    return {"fine": True}\n\n\ndef do_gc'),
    "status-works": at_start(STATUS, REFUSE),
    "gc-works": one(VALID, f"{VALID}    if not valid:\n        {REFUSE}"),
    "unknown-verb-refused": one(UNKNOWN, 'CNIError("unknown verb", code=7)'),
    "check-refused-before-its-time": one('"CHECK": "0.4.0"', '"CHECK": "0.1.0"'),
    "gc-and-status-refused-before-their-time": one(
        '"GC": "1.1.0", "STATUS": "1.1.0"', '"GC": "0.1.0", "STATUS": "0.1.0"'
    ),
    "each-version-works": at_start(ADD, f'if version == "0.3.1":\n        {REFUSE}'),
    "result-has-the-shape": one(
        CONVERTED,
        '    return {**format_result(convert(result, "1.1.0")), "cniVersion": version}\n\n\ndef do_del',
    ),
    "result-names-its-version": one(
        CONVERTED, '    return {**format_result(convert(result, version)), "cniVersion": "1.1.0"}\n\n\ndef do_del'
    ),
    "unknown-version-refused": one("if version not in VERSIONS or version", "if version"),
    "missing-variables-refused": one(MISSING, 'CNIError("missing", code=7)'),
    "bad-container-id-refused": one('        check_container_id(env["CNI_CONTAINERID"])\n', ""),
    "bad-ifname-refused": one('        check_interface_name(env["CNI_IFNAME"])\n', ""),
    "missing-netns-refused": at_start(
        ADD, 'if not os.path.exists(env["CNI_NETNS"]):\n        return {"cniVersion": version}\n'
    ),
    "bad-json-refused": one(
        "    conf = loads(sys.stdin.buffer.read())\n",
        '    text = sys.stdin.buffer.read()\n    conf = loads(text[: text.rfind(b"}") + 1])\n',
    ),
    "empty-stdin-refused": one("loads(sys.stdin.buffer.read())", 'loads(sys.stdin.buffer.read() or b"{}")'),
    "bad-network-name-refused": one('    check_network_name(conf.get("name", ""))\n', ""),
    "errors-are-objects": one("**error.as_object()", '"code": error.code'),
    "errors-have-a-status": one("**error.as_object()}))\n        return 1", "**error.as_object()}))\n        return 0"),
    "errors-name-their-version": one(f'{OF_ERRORS}"cniVersion": version, ', OF_ERRORS),
    "codes-are-of-the-specification": one('"code": 100, "msg"', '"code": 60, "msg"'),
    "no-crash": one("except (OSError, TypeError, AttributeError)", "except OSError"),
    "del-may-be-repeated": at_start(
        DEL,
        f"if os.path.isdir(FOLDER) and {ID} not in leases():\n        {REFUSE}",
        "killed-add-can-be-deleted",
    ),
    "del-of-what-was-never-added": at_start(DEL, f"if not os.path.isdir(FOLDER):\n        {REFUSE}"),
    "del-after-the-netns-is-gone": at_start(
        DEL, 'if env.get("CNI_NETNS"):\n        Namespace(env["CNI_NETNS"]).close()\n'
    ),
    "del-without-netns": one('"DEL": ["CONTAINERID", ', '"DEL": ["CONTAINERID", "NETNS", '),
    "del-without-result": at_start(
        DEL,
        f'if version >= "0.4.0" and leases() and "prevResult" not in conf:\n        {REFUSE}',
        "killed-add-can-be-deleted",
    ),
    "add-after-del": Sabotage(
        (
            (
                ADD,
                f"{ADD}    if os.path.exists({HISTORY!r}) and {ID} in open({HISTORY!r}).read():\n        {REFUSE}",
            ),
            (DEL, f'{DEL}    open({HISTORY!r}, "a").write({ID})\n'),
        )
    ),
    "taken-name-refused": one(TAKEN, 'inside.rtnl.remove_link(env["CNI_IFNAME"])', *("add-twice-is-one",)),
    "add-twice-is-one": at_start(ADD, f'if {ID} in leases():\n        return {{"cniVersion": version}}\n'),
    "del-leaves-nothing": one(
        RELEASED,
        "    return None\n\n\ndef do_check",
        *("late-del-leaves-nothing", "add-twice-is-one", "killed-add-can-be-deleted", "dels-at-once"),
    ),
    "late-del-leaves-nothing": one(
        RELEASED, RELEASED.replace("    release", '    if os.path.exists(env.get("CNI_NETNS", "")):\n        release')
    ),
    "failed-add-leaves-nothing": one(
        TAKEN, f'host.rtnl.apply(add_veth("left", "over", host.fd))\n            {TAKEN}', "add-twice-is-one"
    ),
    "killed-add-can-be-deleted": Sabotage(
        (
            ("    # after the address\n", MARK),
            (DEL, f"{DEL}    if {ID} in leases() and not {IS_MADE}:\n        return None\n"),
        )
    ),
    "gc-removes-what-is-not-valid": one("if owner not in valid:", "if False:"),
    "gc-keeps-what-is-valid": one("if owner not in valid:", "if True:"),
    "del-leaves-others-alone": one(
        RELEASED,
        f"    for each in leases():\n        {DESTROY}\n    return None\n\n\ndef do_check",
        "dels-at-once",
        "del-of-one-interface-keeps-the-other",
    ),
    "second-interface-works": at_start(
        ADD, f"if any({IS_SIBLING} and each != {ID} for each in leases()):\n        {REFUSE}"
    ),
    "del-of-one-interface-keeps-the-other": one(
        RELEASED,
        f"    for each in [each for each in leases() if {IS_SIBLING}]:\n        {DESTROY}\n"
        "    return None\n\n\ndef do_check",
    ),
    "bare-environment-is-enough": at_start(ADD, 'env["PATH"]\n'),
    "working-directory-may-be-gone": at_start(ADD, "os.getcwd()\n"),
    "unknown-arguments-ignored": at_start(ADD, f'if "CONFORMANCE" in env.get("CNI_ARGS", ""):\n        {REFUSE}'),
    "nothing-written-elsewhere": at_start(ADD, 'open("/etc/good.state", "w").close()\n'),
    "environment-cannot-inject": one(" -IS\n", "\n"),
    "result-has-the-interface": one('link.mac, env["CNI_NETNS"])', 'link.mac, env["CNI_NETNS"] + "/.")'),
    "interfaces-are-there": one("Interface(outer, end.mac)", 'Interface(outer, "02:00:00:00:00:01")'),
    "addresses-point-to-interfaces": one("IPConfig(address, None, 1)", "IPConfig(address, None, 0)"),
    "addresses-are-there": one(
        "    inside.rtnl.apply(add_address(ifname, link.index, address))\n",
        "",
        *("check-works", "each-version-works"),
    ),
    "routes-are-there": Sabotage(
        (
            ("import Interface, IPConfig, Result, format", "import Interface, IPConfig, Result, Route, format"),
            (
                "[IPConfig(address, None, 1)])",
                '[IPConfig(address, None, 1)], [Route(parse_prefix("198.51.100.0/24"))])',
            ),
        )
    ),
    "interface-is-up": one("    inside.rtnl.apply(set_link(ifname, up=True))\n", ""),
    "previous-result-is-kept": Sabotage(
        (('previous = conf["prevResult"]', 'previous = {**conf["prevResult"], "dns": {}}'),), is_chained=True
    ),
    "check-notices-a-missing-interface": one('raise CheckFailed("the interface is gone")', "return None"),
    "check-notices-a-missing-address": one('raise CheckFailed("an address is gone")', "return None"),
    "check-without-result-refused": one('raise CheckFailed("prevResult is missing")', "return None"),
    "adds-at-once": Sabotage(
        (
            ("        fcntl.flock(lock, fcntl.LOCK_EX)\n", ""),
            (
                '            with open(mine, "w") as file:\n',
                '            import time\n            time.sleep(2)\n            with open(mine, "w") as file:\n',
            ),
        )
    ),
    "dels-at-once": one(DEL, f"{DEL}{DELS_IN_TURN}"),
}


def break_text(text: str, sabotage: Sabotage) -> str:
    """The text of the good plugin with the pieces replaced."""
    for old, new in sabotage.edits:
        assert old in text, f"the good plugin has no {old!r}"
        text = text.replace(old, new)
    return text
