"""The newcomer's path, in order: clone, demo, test, install, run. The later steps are in the state the earlier left."""

from __future__ import annotations

import os
import re
from pathlib import Path

from docs.readme import find_commands
from netlab import CHECKOUT
from newcomer.machine import Machine

# Not run again: they have tests of their own here, and what a newcomer's machine has not got is not his first step.
OWN_TESTS = ("./scripts/demo", "./scripts/test", "./scripts/check", "./scripts/setup", "git clone", "cd poplin")


SAMPLE, LEAST = (1, 10_000) if "POPLIN_LONG" in os.environ else (8, 1_500)  # one test in so many, so many at least


def test_the_machine_is_bare(machine: Machine) -> None:
    done = machine.run("command -v python3 pip nft iptables ip gcc strace; ls /opt/cni /usr/lib/cni /etc/cni")
    assert done.stdout == ""


def test_the_demo_works_at_once(machine: Machine, clone: Path) -> None:
    done = machine.run(f"cd {clone} && sudo ./scripts/demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing is left: no link, no lease, no cached result, nothing in the firewall" in done.stdout
    assert "✗" not in done.stdout


def test_the_tests_pass(machine: Machine, clone: Path) -> None:
    done = machine.run(f"cd {clone} && sudo ./scripts/test --sample={SAMPLE}")
    last = done.stdout.splitlines()[-1]
    counted = re.fullmatch(r"(\d+) passed, 0 failed, 0 skipped", last)
    assert done.returncode == 0 and counted, done.stdout[-20000:] + done.stderr[-2000:]
    assert int(counted[1]) > LEAST


def test_what_the_readme_says_works_on_the_machine_itself(machine: Machine, clone: Path) -> None:
    commands = find_commands((CHECKOUT / "README.md").read_text())
    mine = [command for command in commands if not command.removeprefix("sudo ").startswith(OWN_TESTS)]
    assert any("install --bin-dir" in command for command in mine) and any(" run " in command for command in mine)
    done = machine.run("\n".join(["set -ex", f"cd {clone}", *mine]), alone=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_pip_installs_it_in_an_empty_environment(machine: Machine, clone: Path) -> None:
    script = f"""
set -e
python3 -m venv /srv/empty
/srv/empty/bin/pip install -q {clone}
cd /
/srv/empty/bin/poplin validate /nosuch.conf || test $? = 3
echo '{{"cniVersion": "1.1.0", "name": "mynet", "type": "bridge"}}' > /srv/mynet.conf
/srv/empty/bin/poplin validate --no-exec /srv/mynet.conf
/srv/empty/bin/poplin install --bin-dir /srv/bin --lib-dir /srv/lib
CNI_COMMAND=VERSION /srv/bin/bridge
test "$(head -c 4 /srv/bin/bridge | tail -c 3)" = ELF
ls /srv/empty/share/man/man1/poplin-add.1
"""
    done = machine.run(script)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"supportedVersions"' in done.stdout


def test_an_installed_plugin_needs_neither_the_clone_nor_its_environment(machine: Machine, clone: Path) -> None:
    script = f"""
set -e
cd {clone}
.venv/bin/poplin install --bin-dir /opt/cni/bin --conf-dir /etc/cni/net.d
mv {clone} /root/away
ip netns add blue
export CNI_COMMAND=ADD CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/blue CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin
/opt/cni/bin/bridge < /etc/cni/net.d/10-mynet.conf
ip -n blue -o addr show eth0
CNI_COMMAND=DEL /opt/cni/bin/bridge < /etc/cni/net.d/10-mynet.conf
mv /root/away {clone}
.venv/bin/poplin uninstall
ls /opt/cni /usr/local/lib/poplin 2>/dev/null || echo nothing is left
"""
    done = machine.run(script, alone=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"inet 10\.22\.0\.\d+/16 ", done.stdout), done.stdout
    assert done.stdout.endswith("nothing is left\n")
