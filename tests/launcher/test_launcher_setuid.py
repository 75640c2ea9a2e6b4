"""The launcher installed setuid: members of a group call it as ordinary users, and it becomes root with nothing of
theirs but the call."""

from __future__ import annotations

import grp
import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from launcher.probe import Probe, call, close_stdout, execute_line, make_probe
from netlab import CHECKOUT, INTERPRETER, PATIENCE, Host, Reply, run

from poplin.cli.main import main as poplin
from poplin.invoke.entry import PLUGINS

GROUP = "games"  # which every Debian has
NUMBER = grp.getgrnam(GROUP).gr_gid
USER = 64999  # nobody's
SETUID = 0o104750

HOSTILE = {
    "LD_PRELOAD": "/tmp/evil.so",
    "LD_LIBRARY_PATH": "/tmp",
    "PYTHONPATH": "/tmp",
    "PYTHONSTARTUP": "/tmp/evil.py",
    "PATH": "/tmp",
    "CNI_PATH": "/tmp",
    "CNI_NETNS_OVERRIDE": "1",
    "HOME": "/tmp",
    "XDG_STATE_HOME": "/tmp",
    "POPLIN_CNI_DIR": "/tmp",
}
CALL = {"CNI_COMMAND": "ADD", "CNI_CONTAINERID": "c1", "CNI_NETNS": "/n", "CNI_IFNAME": "eth0", "CNI_ARGS": "A=B"}
TRACE = {"TRACEPARENT": "00-1-2-3", "TRACESTATE": "a=b", "BAGGAGE": "c=d"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that ordinary users may look into, as pytest's own is closed to them."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


@pytest.fixture
def probe(folder: Path) -> Probe:
    """Setuid as `poplin install` makes it."""
    made = make_probe(folder)
    os.chown(made.path, 0, NUMBER)
    made.path.chmod(SETUID & 0o7777)
    return made


def as_user(path: Path, environ: Mapping[str, str], *, groups: Sequence[int] = (NUMBER,), **how: Any) -> Any:
    """Called by an ordinary user. setpriv itself still has root's capabilities when it executes something."""
    keep = ["--clear-groups"] if not groups else [f"--groups={','.join(map(str, groups))}"]
    setpriv = ["/usr/bin/setpriv", f"--reuid={USER}", f"--regid={USER}", *keep]
    variables = [f"{name}={value}" for name, value in environ.items()]
    return call([*setpriv, *execute_line(path, [str(path)], variables)], {}, **how)


def test_it_becomes_root_and_keeps_nothing_but_the_call(probe: Probe) -> None:
    done = as_user(probe.path, {**HOSTILE, **CALL, **TRACE}, stdin="{}", umask=0, cwd=probe.folder)
    told = json.loads(done.stdout)
    assert told["users"] == [0, 0, 0]
    assert told["groups"] == [0, 0, 0]  # real, effective and saved; and no other
    kept = {**CALL, **TRACE, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "CNI_PATH": "/opt/cni/bin"}
    assert told["environ"] == [f"{name}={value}" for name, value in kept.items()]
    assert told["argv"] == [INTERPRETER, "-IS", str(probe.folder / "bridge.py")]
    assert (told["umask"], told["stdin"]) == (0o022, "{}")


def test_who_is_not_setuid_keeps_all(probe: Probe) -> None:
    """The other way round, so that the test above shows something."""
    probe.path.chmod(0o755)
    environ = {**HOSTILE, **CALL}
    told = json.loads(as_user(probe.path, environ).stdout)
    assert told["users"] == [USER] * 3
    assert told["environ"] == [f"{name}={value}" for name, value in environ.items()]


def test_signals_are_as_usual_whatever_the_caller_did_to_them(probe: Probe) -> None:
    script = f"""import os, signal
for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGUSR1, 64):
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT, 64])
os.setgroups([{NUMBER}]); os.setresgid({USER}, {USER}, {USER}); os.setresuid({USER}, {USER}, {USER})
os.execve({str(probe.path)!r}, ["bridge"], {{}})"""
    told = json.loads(call([INTERPRETER, "-c", script], {}).stdout)
    assert told["users"] == [0, 0, 0]
    assert told["blocked"] == []
    assert int(told["status"], 16) == 1 << 12 | 1 << 24  # SIGPIPE and SIGXFSZ, by Python itself


def test_streams_that_were_closed_lead_nowhere(probe: Probe) -> None:
    setpriv = ["/usr/bin/setpriv", f"--reuid={USER}", f"--regid={USER}", f"--groups={NUMBER}", str(probe.path)]
    subprocess.run(setpriv, env={}, preexec_fn=close_all, check=True)
    assert probe.told()["streams"] == ["/dev/null"] * 3
    subprocess.run(setpriv, env={}, preexec_fn=close_stdout, stdin=subprocess.DEVNULL, check=True)
    assert probe.told()["streams"][1] == "/dev/null"


def close_all() -> None:
    os.closerange(0, 3)


def test_version_is_answered_as_ever(probe: Probe) -> None:
    done = as_user(probe.path, {**HOSTILE, "CNI_COMMAND": "VERSION"})
    assert json.loads(done.stdout)["cniVersion"] == "1.1.0"


def test_who_is_no_member_cannot_execute_it(probe: Probe) -> None:
    done = as_user(probe.path, CALL, groups=())
    assert (done.returncode, done.stdout) == (126, "")
    assert done.stderr == "Permission denied"


def test_a_tree_that_can_be_moved_cannot_be_setuid(folder: Path) -> None:
    """Whoever links the executable into a folder of his own could else choose what root runs."""
    made = make_probe(folder, ["lib/python3", "-IS"])
    made.path.chmod(0o4755)
    done = as_user(made.path, CALL)
    assert (done.returncode, json.loads(done.stdout)["code"]) == (1, 999)
    assert json.loads(done.stdout)["msg"] == "cannot become the owner of 'bridge'"


def test_one_of_another_owner_than_root_is_refused(folder: Path) -> None:
    made = make_probe(folder)
    os.chown(made.path, USER + 1, NUMBER)
    made.path.chmod(0o4755)
    done = as_user(made.path, CALL)
    assert (done.returncode, json.loads(done.stdout)["msg"]) == (1, "cannot become the owner of 'bridge'")
    assert not (folder / "told").exists()


# poplin install --setuid-group.


def install(folder: Path, *options: str) -> int:
    """Into a folder."""
    return poplin(["install", "--bin-dir", str(folder / "bin"), "--lib-dir", str(folder / "lib"), *options])


def modes(folder: Path) -> set[tuple[int, int, int]]:
    """Mode, owner and group of the executables."""
    found = [path.stat() for path in (folder / "bin").iterdir()]
    return {(each.st_mode, each.st_uid, each.st_gid) for each in found}


def test_install_makes_them_setuid_for_the_group_and_says_what_that_means(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert install(folder, "--setuid-group", GROUP) == 0
    assert modes(folder) == {(SETUID, 0, NUMBER)}
    said = capfd.readouterr().out.splitlines()[-1]
    assert said == f"setuid: members of the group {GROUP} run the plugins as root, and are as good as root"
    assert install(folder) == 0
    assert modes(folder) == {(stat.S_IFREG | 0o755, 0, 0)}


def test_those_elsewhere_stay_setuid_when_their_code_is_replaced(folder: Path) -> None:
    assert install(folder, "--setuid-group", GROUP) == 0
    assert poplin(["install", "--bin-dir", str(folder / "other"), "--lib-dir", str(folder / "lib")]) == 0
    assert modes(folder) == {(SETUID, 0, NUMBER)}
    assert stat.S_IMODE((folder / "other" / "bridge").stat().st_mode) == 0o755


def test_an_unknown_group_is_refused_before_anything_is_made(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert install(folder, "--setuid-group", "nosuchgroup") == 1
    advice = "there is no group 'nosuchgroup'; `groupadd --system nosuchgroup` makes it"
    assert capfd.readouterr().err == f"poplin install: {advice}\n"
    assert list(folder.iterdir()) == []


def test_root_of_a_user_namespace_cannot_make_them(folder: Path) -> None:
    line = ["install", "--bin-dir", f"{folder}/bin", "--lib-dir", f"{folder}/lib", "--setuid-group", GROUP]
    poplin_inside = ["unshare", "-r", sys.executable, "-m", "poplin.cli.main", *line]
    done = subprocess.run(poplin_inside, cwd=CHECKOUT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    refusal = "only root outside of user namespaces can make executables setuid root; run it as root"
    assert (done.returncode, done.stderr) == (1, f"poplin install: {refusal}\n")
    assert list(folder.iterdir()) == []


def test_a_folder_where_setuid_has_no_effect_is_refused(
    folder: Path, laboratory: None, capfd: pytest.CaptureFixture[str]
) -> None:
    run(["mount", "-t", "tmpfs", "-o", "nosuid,mode=755", "none", str(folder)])
    try:
        assert install(folder, "--setuid-group", GROUP) == 1
        assert "is mounted nosuid, so that nothing in it can be setuid" in capfd.readouterr().err
        assert list(folder.iterdir()) == []
    finally:
        run(["umount", str(folder)])


@pytest.mark.parametrize("how", ["no compiler", "--entry python"])
def test_a_script_is_never_setuid(
    folder: Path, how: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    options = ["--setuid-group", GROUP]
    if how == "no compiler":
        monkeypatch.setattr("poplin.cli.launcher.COMPILERS", ())
    else:
        options += how.split()
    assert install(folder, *options) == 1
    refusal = f"poplin install: {folder}/bin/bandwidth is to be setuid, which a Python script cannot be: "
    assert capfd.readouterr().err.startswith(refusal)
    assert list(folder.iterdir()) == []


def test_a_member_attaches_a_container(folder: Path, host: Host) -> None:
    """bridge calls host-local, which is setuid as well, and both write where only root may."""
    assert install(folder, "--setuid-group", GROUP) == 0
    container = host.add_container()
    leases = folder / "leases"
    conf = {
        "cniVersion": "1.1.0",
        "name": "mynet",
        "type": "bridge",
        "bridge": "br0",
        "isGateway": True,
        "ipam": {"type": "host-local", "subnet": "10.1.2.0/24", "dataDir": str(leases)},
    }
    environ = {
        **HOSTILE,
        "CNI_COMMAND": "ADD",
        "CNI_CONTAINERID": container.id,
        "CNI_NETNS": container.path,
        "CNI_IFNAME": "eth0",
    }
    with host.entered():
        outsider = as_user(folder / "bin" / "bridge", environ, groups=(), stdin=json.dumps(conf))
        assert outsider.returncode == 126
        done = as_user(folder / "bin" / "bridge", environ, stdin=json.dumps(conf))
        assert Reply(done.returncode, done.stdout, done.stderr).object["ips"][0]["address"] == "10.1.2.2/24"
        assert (leases / "mynet" / "10.1.2.2").stat().st_uid == 0
        assert container.pings("10.1.2.1")
        done = as_user(folder / "bin" / "bridge", {**environ, "CNI_COMMAND": "DEL"}, stdin=json.dumps(conf))
        assert (done.returncode, done.stdout) == (0, "")
    assert container.links() == []
    assert sorted(path.name for path in (folder / "bin").iterdir()) == sorted(PLUGINS)
