"""An ordinary user in a user namespace of his own, who may write none of the system's folders: installs and attaches.

What he does is a script, as he would type it; what it leaves is in his home.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from netlab import CHECKOUT, INTERPRETER, PATIENCE

USER = 65534
NETWORK: dict[str, Any] = {
    "cniVersion": "1.0.0",
    "name": "mynet",
    "type": "bridge",
    "bridge": "cni0",
    "isGateway": True,
    "ipMasq": True,
    "ipam": {"type": "host-local", "subnet": "10.22.0.0/16", "routes": [{"dst": "0.0.0.0/0"}]},
}
PREPARE = "mount -t tmpfs none /run && ip netns add blue"


class User:
    """His home, with a copy of the code in it, and a shell in which he is root."""

    def __init__(self, home: Path) -> None:
        self.home = home
        shutil.copytree(CHECKOUT / "poplin", home / "src" / "poplin", ignore=shutil.ignore_patterns("__pycache__"))
        self.configure(home / ".config" / "cni" / "net.d", NETWORK)

    def configure(self, folder: Path, network: dict[str, Any]) -> None:
        """Write a network there; all that is in his home is his."""
        folder.mkdir(parents=True)
        (folder / "10-mynet.conf").write_text(json.dumps(network))
        for path in (self.home, *self.home.rglob("*")):
            os.chown(path, USER, USER)

    def sh(self, script: str, **variables: str) -> str:
        """stdout of a script that must succeed, in new namespaces; `poplin` is a command in it."""
        poplin = f'poplin() {{ {INTERPRETER} -B -m poplin.cli.main "$@"; }}'
        line = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "unshare", "-rmn", "sh", "-ec"]
        environ = {"PATH": "/usr/sbin:/usr/bin", "HOME": str(self.home), **variables}
        done = subprocess.run(
            [*line, f"{poplin}\n{script}"],
            env=environ,
            cwd=self.home / "src",
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def files(self, folder: Path) -> list[str]:
        """What is in a folder, and below, apart from Poplin's index."""
        found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
        return sorted(str(path) for path in found if path.parts[1:2] != (".poplin",))


@pytest.fixture
def user(laboratory: None) -> Iterator[User]:
    with tempfile.TemporaryDirectory() as home:  # pytest's own folders are closed to other users
        yield User(Path(home))


def test_he_installs_attaches_and_detaches_with_everything_in_his_home(user: User) -> None:
    state, left = user.home / ".local/state", user.home / "left"
    output = user.sh(
        f"""{PREPARE}
        poplin install --bin-dir $HOME/bin
        poplin add mynet /run/netns/blue >/dev/null
        cp -r $HOME/.local/state {left}
        poplin check mynet /run/netns/blue
        poplin list
        poplin del mynet /run/netns/blue
        ip -br link show type veth
        nft list set inet poplin masq4 | grep -c elements || true"""
    )
    library, *listed, elements = output.splitlines()[1:]
    assert library.startswith(f"code: {user.home}/.local/share/poplin/")
    assert "10.22.0.2/16" in "".join(listed)
    assert elements == "0"
    (result,) = user.files(left / "cni" / "results")
    assert result.startswith("mynet-cnitool-")
    assert user.files(left / "cni" / "networks" / "mynet") == ["10.22.0.2", "last_reserved_ip.0", "lock"]
    assert user.files(state / "cni" / "results") == []
    assert user.files(state / "cni" / "networks" / "mynet") == ["last_reserved_ip.0", "lock"]
    assert user.sh("poplin uninstall").splitlines()[0].startswith(f"removed {user.home}/bin/")
    assert not (user.home / ".local/share/poplin").exists()


def test_the_xdg_variables_say_where(user: User) -> None:
    config, state = user.home / "etc", user.home / "var"
    user.configure(config / "cni" / "net.d", {**NETWORK, "name": "other"})
    variables = {"XDG_CONFIG_HOME": str(config), "XDG_STATE_HOME": str(state)}
    user.sh(f"{PREPARE}; poplin build $HOME/bin; CNI_PATH=$HOME/bin poplin add other /run/netns/blue", **variables)
    (result,) = user.files(state / "cni" / "results")
    assert result.startswith("other-cnitool-")
    assert user.files(state / "cni" / "networks" / "other") == ["10.22.0.2", "last_reserved_ip.0", "lock"]
    assert not (user.home / ".local").exists()


def test_what_is_said_explicitly_wins(user: User) -> None:
    elsewhere = user.home / "elsewhere"
    network = {**NETWORK, "name": "other", "ipam": {**NETWORK["ipam"], "dataDir": str(elsewhere / "leases")}}
    user.configure(elsewhere / "net.d", network)
    variables = {"NETCONFPATH": str(elsewhere / "net.d"), "POPLIN_CNI_DIR": str(elsewhere / "cni")}
    user.sh(f"{PREPARE}; poplin build $HOME/bin; CNI_PATH=$HOME/bin poplin add other /run/netns/blue", **variables)
    assert len(user.files(elsewhere / "cni" / "results")) == 1
    assert user.files(elsewhere / "leases" / "other") == ["10.22.0.2", "last_reserved_ip.0", "lock"]
    assert not (user.home / ".local").exists()


def test_folders_of_the_system_that_he_may_write_are_used(user: User) -> None:
    """As in a container that has a user namespace and a file system of its own."""
    output = user.sh(
        f"""{PREPARE}
        mount -t tmpfs none /var/lib && mount -t tmpfs none /etc && mkdir -p /etc/cni/net.d
        cp $HOME/.config/cni/net.d/* /etc/cni/net.d/
        poplin build $HOME/bin
        CNI_PATH=$HOME/bin poplin add mynet /run/netns/blue >/dev/null
        ls /var/lib/cni/networks/mynet"""
    )
    assert output.splitlines()[-3:] == ["10.22.0.2", "last_reserved_ip.0", "lock"]
    assert not (user.home / ".local").exists()


def test_he_publishes_a_port_of_a_command(user: User) -> None:
    plugin = {key: NETWORK[key] for key in ("type", "bridge", "isGateway", "ipMasq", "ipam")}
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    network = {"cniVersion": "1.0.0", "name": "web", "plugins": [plugin, ports]}
    folder = user.home / "published"
    user.configure(folder, network)
    (folder / "10-mynet.conf").rename(folder / "10-web.conflist")
    show = "nsenter --net=/proc/$$/ns/net nft list map inet poplin ports4"
    output = user.sh(
        f"""{PREPARE}; poplin build $HOME/bin
        CNI_PATH=$HOME/bin poplin run --publish 8080:80 web -- {show}""",
        NETCONFPATH=str(folder),
    )
    assert re.search('elements = { tcp . 8080 comment "[0-9a-f]+ web/run-[0-9a-f]+/eth0" : 10.22.0.2 . 80 }', output)
    assert user.files(user.home / ".local/state/cni/networks/web") == ["last_reserved_ip.0", "lock"]
