"""containerd's CRI as a client of plugins: a sandbox as kubelet starts and stops it."""

from __future__ import annotations

import subprocess
import time
from itertools import count
from pathlib import Path

import grpc
from cri_api.v1 import api_pb2 as api
from cri_api.v1.api_pb2_grpc import RuntimeServiceStub
from engines.archive import write_archive
from engines.containerd import CRI
from engines.rootfs import SERVER, make_root
from netlab import PATIENCE, Host

IMAGE = "localhost/pause:1"
SETTINGS = f"""\
version = 2
root = "{{folder}}/root"
state = "{{folder}}/state"
[grpc]
address = "{{folder}}/s"
[plugins."io.containerd.internal.v1.opt"]
path = "{{folder}}/opt"
{CRI}"""

numbers = count(1)


class CriClient:
    """A containerd of its own."""

    def __init__(self, host: Host, plugins: Path, networks: Path, folder: Path) -> None:
        self.folder = Path(f"/run/containerd/{host.id}")  # private to this run, and short, as sockets want it
        self.folder.mkdir()
        config = self.folder / "config.toml"
        config.write_text(SETTINGS.format(folder=self.folder, image=IMAGE, binaries=plugins, configs=networks))
        inside = ["setpriv", "--pdeathsig=TERM", "nsenter", f"--net={host.path}"]
        with open(folder / "containerd.log", "wb") as log:
            self.daemon = subprocess.Popen([*inside, "containerd", "--config", str(config)], stdout=log, stderr=log)
        self.runtime = RuntimeServiceStub(grpc.insecure_channel(f"unix://{self.folder}/s"))
        self.wait_until_ready()
        self.import_image(folder)

    def import_image(self, folder: Path) -> None:
        """The image of all sandboxes."""
        archive = folder / "image.tar"
        write_archive(archive, make_root(folder / "root"), IMAGE, SERVER)
        ctr = ["ctr", "--address", f"{self.folder}/s", "--namespace", "k8s.io"]
        command = [*ctr, "images", "import", "--snapshotter", "native", str(archive)]
        subprocess.run(command, capture_output=True, timeout=PATIENCE, check=True)

    def wait_until_ready(self) -> None:
        """Until it answers, and knows its network."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                conditions = self.runtime.Status(api.StatusRequest()).status.conditions
                if all(condition.status for condition in conditions):
                    return
            except grpc.RpcError:
                pass
            if time.monotonic() > deadline:
                raise SystemExit("containerd does not get ready")
            time.sleep(0.1)

    def start(self, *, is_attached: bool) -> str:
        """A sandbox, whose own process serves."""
        number = next(numbers)
        metadata = api.PodSandboxMetadata(name=f"pod{number}", uid=f"uid{number}", namespace="bench")
        ports = [api.PortMapping(container_port=80, host_port=8080)] if is_attached else []
        network = api.POD if is_attached else api.NODE
        options = api.NamespaceOption(network=network, pid=api.CONTAINER)
        linux = api.LinuxPodSandboxConfig(security_context=api.LinuxSandboxSecurityContext(namespace_options=options))
        config = api.PodSandboxConfig(
            metadata=metadata,
            hostname=f"pod{number}" if is_attached else "",
            log_directory=str(self.folder),
            port_mappings=ports,
            linux=linux,
        )
        return str(self.runtime.RunPodSandbox(api.RunPodSandboxRequest(config=config)).pod_sandbox_id)

    def stop(self, container: str) -> None:
        """Stop it, which detaches it."""
        self.runtime.StopPodSandbox(api.StopPodSandboxRequest(pod_sandbox_id=container))

    def forget(self, container: str) -> None:
        """Remove it, which detaches it once more."""
        self.runtime.RemovePodSandbox(api.RemovePodSandboxRequest(pod_sandbox_id=container))

    def remove(self) -> None:
        """End containerd; its sandboxes are stopped."""
        for sandbox in self.runtime.ListPodSandbox(api.ListPodSandboxRequest()).items:
            self.stop(sandbox.id)
            self.forget(sandbox.id)
        self.daemon.terminate()
        self.daemon.wait(PATIENCE)
