"""Pods through containerd's CRI, as Kubernetes' kubelet starts them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cri_api.v1 import api_pb2 as api
from cri_api.v1.api_pb2_grpc import RuntimeServiceStub
from engines.archive import write_archive
from engines.containerd import IMAGE, PODS, SOCKET, Containerd
from engines.inside import Inside, wait_until_serving
from engines.network import NETWORK
from grpc import insecure_channel
from netlab import PATIENCE

PROTOCOLS = {"tcp": api.TCP, "udp": api.UDP}


class Pods:
    """The kubelet's side of a containerd that has been started."""

    def __init__(self, containerd: Containerd) -> None:
        self.containerd = containerd
        archive = containerd.folder / "image.tar"
        write_archive(archive, containerd.root, IMAGE)
        done = containerd.run("ctr", "-n", PODS, "images", "import", "--snapshotter", "native", str(archive))
        assert done.returncode == 0, done
        self.channel = insecure_channel(f"unix://{SOCKET}")
        self._runtime = RuntimeServiceStub(self.channel)
        self._configs: dict[str, api.PodSandboxConfig] = {}

    def _ask(self, verb: str, **fields: Any) -> Any:
        """The response to a request of CRI, which must succeed."""
        request = getattr(api, f"{verb}Request")(**fields)
        return getattr(self._runtime, verb)(request, timeout=PATIENCE)

    def start(
        self, name: str, ports: Sequence[api.PortMapping] = (), annotations: Mapping[str, str] | None = None
    ) -> str:
        """The id of a new pod, without containers yet."""
        metadata = api.PodSandboxMetadata(name=name, namespace="tests", uid=f"uid-{name}", attempt=0)
        config = api.PodSandboxConfig(metadata=metadata, hostname=name, port_mappings=ports, annotations=annotations)
        sandbox: str = self._ask("RunPodSandbox", config=config).pod_sandbox_id
        self._configs[sandbox] = config
        return sandbox

    def add_container(self, sandbox: str, name: str, *command: str) -> Inside:
        """A container that runs in the pod, once it serves port 80."""
        metadata = api.ContainerMetadata(name=name, attempt=0)
        config = api.ContainerConfig(metadata=metadata, image=api.ImageSpec(image=IMAGE), command=command)
        about = {"pod_sandbox_id": sandbox, "config": config, "sandbox_config": self._configs[sandbox]}
        container = self._ask("CreateContainer", **about).container_id
        self._ask("StartContainer", container_id=container)
        inside = self.inside(sandbox)
        wait_until_serving(inside)
        return inside

    def inside(self, sandbox: str) -> Inside:
        """The namespace of a pod that runs."""
        return Inside(sandbox, self.containerd.get_entry(NETWORK, sandbox).attachment.netns)

    def get_addresses(self, sandbox: str) -> list[str]:
        """The addresses that CRI tells of a pod, the first one first."""
        network = self._ask("PodSandboxStatus", pod_sandbox_id=sandbox).status.network
        return [network.ip, *(each.ip for each in network.additional_ips)]

    def stop(self, sandbox: str) -> None:
        """StopPodSandbox, which may be repeated."""
        self._ask("StopPodSandbox", pod_sandbox_id=sandbox)

    def remove(self, sandbox: str) -> None:
        """RemovePodSandbox."""
        self._ask("RemovePodSandbox", pod_sandbox_id=sandbox)

    def remove_all(self) -> None:
        """Stop and remove every pod, and hang up."""
        for each in self._ask("ListPodSandbox").items:
            self.stop(each.id)
            self.remove(each.id)
        self.channel.close()


def map_port(host: int, container: int, protocol: str = "tcp", address: str = "") -> api.PortMapping:
    """A port of the host, of all its addresses or one, that leads to a port of the pod."""
    return api.PortMapping(protocol=PROTOCOLS[protocol], host_port=host, container_port=container, host_ip=address)
