"""The daemon as a process: flags, socket, pidfile, signals, and whom it obeys."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
from pathlib import Path

import pytest
from dhcp_lab import Daemon, Server, StartDaemon, read_all, read_answer
from netlab import CHECKOUT, INTERPRETER, PATIENCE, Container

from poplin.dhcp.packet import Type

NOBODY = 65534
START = "import sys; sys.path.insert(0, {folder!r}); from poplin.dhcp.daemon import run; sys.exit(run(sys.argv[1:]))"
# Gives its first N arguments, descriptors, to the daemon as systemd does: from 3 on.
ACTIVATE = """
import os, sys
passed = sys.argv[1].split(",")
for to, fd in enumerate(passed, 3):
    os.dup2(int(fd), to)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(passed)), "LISTEN_FDNAMES": "x"}
os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", *sys.argv[2:]])
"""


def run_daemon(*flags: str) -> tuple[int, str]:
    """Exit status and stderr of one that ends by itself."""
    command = [INTERPRETER, "-I", "-S", "-c", START.format(folder=str(CHECKOUT)), *flags]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False, env={})
    return done.returncode, done.stderr


def start_activated(tmp_path: Path, *sockets: socket.socket) -> subprocess.Popen[str]:
    """One that is handed these."""
    numbers = [each.fileno() for each in sockets]
    # the numbers it is to have must be free when it duplicates
    spare = [os.dup(number) for number in numbers]
    high = [fcntl_dup(number) for number in numbers]
    for each in spare:
        os.close(each)
    command = [INTERPRETER, "-c", ACTIVATE, ",".join(map(str, high)), START.format(folder=str(CHECKOUT))]
    try:
        return subprocess.Popen(
            [*command, "-socketpath", str(tmp_path / "dhcp.sock")], pass_fds=high, stderr=subprocess.PIPE, text=True
        )
    finally:
        for each in high:
            os.close(each)


def fcntl_dup(number: int) -> int:
    """A duplicate well above those that it is to become."""
    import fcntl

    return fcntl.fcntl(number, fcntl.F_DUPFD, 50)


def make_listener(path: Path) -> socket.socket:
    """What systemd has made before."""
    made = socket.socket(socket.AF_UNIX)
    made.bind(str(path))
    made.listen()
    return made


def ask_status(path: Path) -> dict:
    """The answer to STATUS of whoever listens there."""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(PATIENCE)
        caller.connect(str(path))
        caller.sendall(b'{"verb": "STATUS", "config": {"cniVersion": "1.1.0", "name": "mynet"}}\n')
        return read_answer(caller)


# Its life.


@pytest.mark.facts("plugins-main-ipam", 215)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_without_a_trace_but_the_leases(
    start_daemon: StartDaemon, server: Server, member: Container, tmp_path: Path, number: signal.Signals
):
    pidfile = tmp_path / "dhcp.pid"
    daemon = start_daemon("-pidfile", str(pidfile))
    assert pidfile.read_text() == str(daemon.process.pid)
    assert stat.S_IMODE(pidfile.stat().st_mode) == 0o644
    daemon.add(member)
    assert daemon.stop(number) == 0
    assert not pidfile.exists()
    assert not daemon.socket.exists()
    assert len(daemon.files()) == 1
    assert server.all(Type.RELEASE) == []


@pytest.mark.facts("plugins-main-ipam", 215)
def test_a_relative_pidfile_is_refused_before_anything_is_done(tmp_path: Path):
    path = tmp_path / "cni" / "dhcp.sock"
    status, errors = run_daemon("-pidfile", "dhcp.pid", "-socketpath", str(path))
    assert (status, errors) == (1, "dhcp daemon: -pidfile dhcp.pid is a relative path; give an absolute one\n")
    assert not path.parent.exists()


def test_an_add_under_way_is_dropped_by_a_signal(daemon: Daemon, server: Server, member: Container):
    server.silent = (Type.DISCOVER,)
    with daemon.call("ADD", member) as caller:
        server.wait_for(Type.DISCOVER)
        assert daemon.stop() == 0
        assert read_all(caller) == b""


def test_it_makes_the_folders_and_a_socket_for_root_alone(start_daemon: StartDaemon, tmp_path: Path):
    daemon = start_daemon("--socketpath", str(tmp_path / "run" / "cni" / "dhcp.sock"))
    modes = [stat.S_IMODE((tmp_path / each).stat().st_mode) for each in ("run", "run/cni", "run/cni/dhcp.sock")]
    assert modes == [0o700, 0o700, 0o600]
    assert ask_status(tmp_path / "run" / "cni" / "dhcp.sock") == {}
    assert daemon.stop() == 0


@pytest.mark.facts("plugins-main-ipam", 215)
def test_the_prefix_goes_before_socket_and_namespaces(
    start_daemon: StartDaemon, server: Server, member: Container, tmp_path: Path
):
    prefix = tmp_path / "host"
    (prefix / "run").mkdir(parents=True)
    (prefix / "run" / "netns").symlink_to("/run/netns")
    daemon = start_daemon("-hostprefix", str(prefix), "-socketpath", "/run/dhcp.sock")
    daemon.socket = prefix / "run" / "dhcp.sock"
    assert daemon.ask("ADD", member)["result"]["ips"][0]["address"] == "192.168.1.5/24"
    [file] = (prefix / "run" / "dhcp").glob("*.json")
    assert json.loads(file.read_text())["interface"]["path"] == f"{prefix}{member.path}"


def test_it_tells_systemd_when_it_is_ready(start_daemon: StartDaemon, tmp_path: Path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.settimeout(PATIENCE)
        told.bind(str(tmp_path / "notify"))
        start_daemon(environ={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert told.recv(100) == b"READY=1"


# Its socket.


def test_a_socket_that_nobody_listens_at_is_replaced(daemon: Daemon):
    daemon.stop(signal.SIGKILL)
    assert daemon.socket.is_socket()
    daemon.restart()
    assert daemon.ask("STATUS") == {}


def test_a_second_daemon_is_refused_and_the_first_goes_on(daemon: Daemon):
    status, errors = run_daemon("-socketpath", str(daemon.socket))
    assert status == 1
    assert errors.startswith("dhcp daemon: another DHCP daemon keeps these leases: stop it first; ")
    assert f"process {daemon.process.pid} " in errors
    assert daemon.ask("STATUS") == {}


def test_where_another_daemon_listens_it_does_not(tmp_path: Path):
    path = tmp_path / "dhcp.sock"
    with make_listener(path):
        status, errors = run_daemon("-socketpath", str(path))
    assert (status, errors) == (
        1,
        f"dhcp daemon: a DHCP daemon listens at {path} already; stop it, or listen elsewhere with -socketpath\n",
    )
    assert path.is_socket()


def test_a_file_in_the_way_is_left_alone(tmp_path: Path):
    path = tmp_path / "dhcp.sock"
    path.write_text("precious")
    status, errors = run_daemon("-socketpath", str(path))
    assert (status, path.read_text()) == (1, "precious")
    assert errors.startswith(f"dhcp daemon: {path} is no socket; ")


def test_a_socket_that_another_daemon_has_made_since_is_left_alone(daemon: Daemon):
    daemon.socket.unlink()
    with make_listener(daemon.socket):
        daemon.stop()
        assert daemon.socket.exists()


@pytest.mark.parametrize(
    ("flag", "value", "said"),
    [
        ("-socketpath", f"/run/{'x' * 120}.sock", "dhcp daemon: cannot listen at /run/xxx"),
        ("-socketpath", "/proc/nowhere/dhcp.sock", "dhcp daemon: cannot keep leases in /proc/nowhere/dhcp"),
        ("-pidfile", "/proc/nowhere.pid", "dhcp daemon: cannot write -pidfile /proc/nowhere.pid"),
    ],
)
def test_where_nothing_can_be_made_it_says_so(laboratory: None, tmp_path: Path, flag: str, value: str, said: str):
    prefix = ["-hostprefix", str(tmp_path)] if "x" * 120 in value else []
    usual = [] if flag == "-socketpath" else ["-socketpath", str(tmp_path / "dhcp.sock")]
    status, errors = run_daemon(*prefix, *usual, flag, value)
    assert status == 1
    assert errors.startswith(said.replace("/run/", f"{tmp_path}/run/" if prefix else "/run/")), errors
    assert not (tmp_path / "dhcp.sock").exists()


@pytest.mark.facts("plugins-main-ipam", 215)
def test_one_socket_of_systemds_is_used_and_stays(tmp_path: Path):
    path = tmp_path / "systemd.sock"
    with make_listener(path) as made, start_activated(tmp_path, made) as process:
        assert ask_status(path) == {}
        process.terminate()
        assert process.wait(PATIENCE) == 0
        process.stderr.close()
    assert path.is_socket()
    assert not (tmp_path / "dhcp.sock").exists()


@pytest.mark.facts("plugins-main-ipam", 215)
def test_two_sockets_of_systemds_are_refused(tmp_path: Path):
    first, second = make_listener(tmp_path / "a"), make_listener(tmp_path / "b")
    with first, second, start_activated(tmp_path, first, second) as process:
        errors = process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 1
    assert errors == (
        "dhcp daemon: 2 sockets were handed over, and one is wanted; keep one ListenStream in the .socket unit\n"
    )


def test_what_is_handed_over_must_be_a_listening_socket(tmp_path: Path):
    with socket.socket(socket.AF_UNIX) as deaf, start_activated(tmp_path, deaf) as process:
        errors = process.communicate(timeout=PATIENCE)[1]
    assert (process.returncode, errors) == (
        1,
        "dhcp daemon: what was handed over is no listening unix socket; descriptor 3\n",
    )


def test_sockets_for_another_process_are_not_for_it(start_daemon: StartDaemon):
    daemon = start_daemon(environ={"LISTEN_PID": "1", "LISTEN_FDS": "2"})
    assert daemon.ask("STATUS") == {}


# What callers say.


def say(daemon: Daemon, line: bytes) -> bytes:
    """The answer to anything."""
    with daemon.connect() as caller:
        caller.sendall(line)
        caller.shutdown(socket.SHUT_WR)
        return read_all(caller)


CONFIG = {"cniVersion": "1.1.0", "name": "mynet", "type": "macvlan", "ipam": {"type": "dhcp"}}


@pytest.mark.parametrize(
    ("request_", "code", "msg"),
    [
        ("no JSON", 6, "cannot decode the request"),
        ([1], 6, "cannot decode the request"),
        ({}, 4, "unknown verb ''"),
        ({"verb": "VERSION"}, 4, "unknown verb 'VERSION'"),
        ({"verb": 1}, 6, "cannot decode `verb`"),
        ({"verb": "ADD"}, 4, "required env variables are missing"),
        ({"verb": "STATUS", "config": {}}, 7, "missing network name: the configuration has no `name`"),
        ({"verb": "DEL", "containerID": "/", "ifname": "eth0", "config": CONFIG}, 4, "invalid characters in container"),
        ({"verb": "GC", "config": CONFIG, "valid": ["c1"]}, 6, "cannot decode `valid`"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_the_reason(daemon: Daemon, request_: object, code: int, msg: str):
    line = request_ if isinstance(request_, str) else json.dumps(request_)
    answer = json.loads(say(daemon, line.encode() + b"\n"))
    assert answer["error"]["code"] == code
    assert answer["error"]["msg"].startswith(msg)
    assert daemon.ask("STATUS") == {}


@pytest.mark.parametrize(
    ("how", "code", "msg"),
    [
        ({"netns": "/run/netns/nowhere"}, 8, "cannot open the container's namespace"),
        ({"netns": "/etc/passwd"}, 8, "cannot open the container's namespace"),
        ({"ifname": "eth7"}, 7, "there is no interface 'eth7' in "),
        ({"ifname": "lo"}, 7, "interface 'lo' has no MAC to ask with"),
        ({"ipam": {"request": [{"option": "nonsense"}]}}, 7, "unknown DHCP option 'nonsense'"),
    ],
)
def test_an_add_that_cannot_be_says_why(daemon: Daemon, member: Container, how: dict, code: int, msg: str):
    error = daemon.ask("ADD", member, **how)["error"]
    assert error["code"] == code
    assert error["msg"].startswith(msg)


def test_a_line_that_is_too_long_is_refused(daemon: Daemon):
    with daemon.connect() as caller:
        caller.sendall(b"x" * (1 << 20) + b"\n")
        assert json.loads(read_all(caller))["error"]["details"] == "longer than 1048576 bytes"


def test_callers_that_say_nothing_do_no_harm(daemon: Daemon):
    daemon.connect().close()
    assert say(daemon, b"") == b""
    assert daemon.ask("STATUS") == {}


def test_the_references_plugin_is_told_that_it_is_the_wrong_one(daemon: Daemon):
    answer = say(daemon, b"CONNECT /_goRPC_ HTTP/1.0\n\n")
    assert answer.startswith(b"HTTP/1.0 501 Not Implemented\r\n\r\n")
    assert b"plugin and daemon must be of one make" in answer


def test_it_obeys_root_alone(daemon: Daemon, tmp_path: Path):
    daemon.socket.chmod(0o666)
    tmp_path.chmod(0o755)
    program = (
        "import socket; s = socket.socket(socket.AF_UNIX); s.connect('dhcp.sock'); s.sendall(b'{}\\n');"
        "print(s.recv(1000).decode())"
    )
    command = [INTERPRETER, "-I", "-S", "-c", program]
    done = subprocess.run(
        command, cwd=tmp_path, user=NOBODY, group=NOBODY, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert json.loads(done.stdout)["error"] == {
        "code": 102,
        "msg": "the DHCP daemon obeys root alone",
        "details": "not user 65534",
    }


# Broadcast.


def test_servers_are_asked_to_broadcast_if_the_flag_says_so(
    start_daemon: StartDaemon, server: Server, member: Container
):
    daemon = start_daemon("--broadcast=true")
    daemon.add(member)
    assert [each.packet.broadcast for each in server.heard] == [True, True]


def test_servers_are_not_asked_to_broadcast_by_themselves(start_daemon: StartDaemon, server: Server, member: Container):
    daemon = start_daemon("-broadcast=false")
    daemon.add(member)
    assert [each.packet.broadcast for each in server.heard] == [False, False]


def test_callers_wait_for_a_daemon_that_is_busy(daemon: Daemon):
    """More than asyncio would let wait by itself."""
    daemon.process.send_signal(signal.SIGSTOP)
    callers = [daemon.connect() for _ in range(300)]
    for each in callers:
        each.sendall(b'{"verb": "STATUS", "config": {"name": "mynet"}}\n')
    daemon.process.send_signal(signal.SIGCONT)
    answers = [read_answer(each) for each in callers]
    for each in callers:
        each.close()
    assert answers == [{}] * 300
