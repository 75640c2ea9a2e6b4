"""A meta plugin of somebody else, which knows nothing of Poplin, has our bridge do the work, as flannel's does."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from netlab import Container, Host, lease_files, result_ips, with_prev_result

# It finds the delegate on CNI_PATH, gives it the configuration in `delegate` under its own network's name, and hands on
# whatever the delegate says.
PLUGIN = f"""#!{sys.executable} -I
import json, os, subprocess, sys
conf = json.load(sys.stdin)
inner = {{"name": conf["name"], "cniVersion": conf["cniVersion"], **conf["delegate"]}}
if "prevResult" in conf:
    inner["prevResult"] = conf["prevResult"]
for folder in os.environ["CNI_PATH"].split(":"):
    path = os.path.join(folder, inner["type"])
    if os.path.isfile(path):
        done = subprocess.run([path], input=json.dumps(inner), text=True, stdout=subprocess.PIPE)
        sys.stdout.write(done.stdout)
        sys.exit(done.returncode)
sys.exit("no " + inner["type"])
"""


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """The folder with their plugin alone; ours come after it on CNI_PATH."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "meta").write_text(PLUGIN)
    (folder / "meta").chmod(0o755)
    return folder


@pytest.fixture
def conf(leases: Path) -> dict[str, object]:
    ipam = {"type": "host-local", "dataDir": str(leases), "subnet": "10.1.2.0/24", "routes": [{"dst": "0.0.0.0/0"}]}
    delegate = {"type": "bridge", "bridge": "br0", "isGateway": True, "ipMasq": True, "ipam": ipam}
    return {"cniVersion": "1.0.0", "name": "mynet", "type": "meta", "delegate": delegate}


def test_add_check_and_del_are_done_for_it(
    host: Host, container: Container, theirs: Path, conf: dict[str, object], leases: Path
) -> None:
    result = host.cni("ADD", conf, container, bin_dir=theirs)
    assert (result_ips(result), container.addresses("eth0")) == (["10.1.2.2/24"], ["10.1.2.2/24"])
    assert container.pings("10.1.2.1")
    told = with_prev_result(conf, result)
    host.cni("CHECK", told, container, bin_dir=theirs)
    container.sh("ip address flush dev eth0")
    assert host.call("CHECK", told, container, bin_dir=theirs).code == 103, "and our error comes through"
    for _ in range(2):
        host.cni("DEL", told, container, bin_dir=theirs)
        assert (host.links(), container.links(), lease_files(leases)) == (["br0"], [], [])


def test_our_refusal_is_its_refusal(
    host: Host, container: Container, theirs: Path, conf: dict[str, object], leases: Path
) -> None:
    delegate = conf["delegate"]
    assert isinstance(delegate, dict)
    reply = host.call("ADD", {**conf, "delegate": {**delegate, "vlan": 5000}}, container, bin_dir=theirs)
    assert (reply.code, host.links(), container.links(), lease_files(leases)) == (7, [], [], [])
