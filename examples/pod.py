#!/usr/bin/env python3
"""What Kubernetes' kubelet says to containerd, in one page: a pod with a container in it, and its end.

sudo .venv/bin/python examples/pod.py start web --publish 8080:80 --ingress 10M IMAGE COMMAND...
sudo .venv/bin/python examples/pod.py stop web
"""

import argparse
from typing import Any

from cri_api.v1 import api_pb2 as cri
from cri_api.v1.api_pb2_grpc import RuntimeServiceStub
from grpc import insecure_channel

SOCKET = "unix:///run/containerd/containerd.sock"


def start(runtime: Any, args: argparse.Namespace) -> None:
    """Start the pod, and its container."""
    ports = [map(int, each.split(":")) for each in args.publish]
    limits = {"ingress": args.ingress, "egress": args.egress}
    pod = cri.PodSandboxConfig(
        metadata=cri.PodSandboxMetadata(name=args.name, namespace="default", uid=args.name),
        hostname=args.name,
        port_mappings=[cri.PortMapping(host_port=outer, container_port=inner) for outer, inner in ports],
        annotations={f"kubernetes.io/{way}-bandwidth": limit for way, limit in limits.items() if limit},
    )
    container = cri.ContainerConfig(
        metadata=cri.ContainerMetadata(name=args.name), image=cri.ImageSpec(image=args.image), command=args.command
    )
    sandbox = runtime.RunPodSandbox(cri.RunPodSandboxRequest(config=pod)).pod_sandbox_id
    about = cri.CreateContainerRequest(pod_sandbox_id=sandbox, config=container, sandbox_config=pod)
    created = runtime.CreateContainer(about).container_id
    runtime.StartContainer(cri.StartContainerRequest(container_id=created))
    status = runtime.PodSandboxStatus(cri.PodSandboxStatusRequest(pod_sandbox_id=sandbox)).status
    print(f"{args.name} has {status.network.ip}")


def stop(runtime: Any, args: argparse.Namespace) -> None:
    """Stop and remove the pod of this name."""
    for each in runtime.ListPodSandbox(cri.ListPodSandboxRequest()).items:
        if each.metadata.name == args.name:
            runtime.StopPodSandbox(cri.StopPodSandboxRequest(pod_sandbox_id=each.id))
            runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=each.id))
            print(f"{args.name} is gone")


def main() -> None:
    """Read the arguments, and ask containerd."""
    parser = argparse.ArgumentParser(description="A pod by containerd's CRI.")
    verbs = parser.add_subparsers(required=True)
    starting, stopping = verbs.add_parser("start"), verbs.add_parser("stop")
    for each in (starting, stopping):
        each.add_argument("name")
    starting.add_argument("--publish", action="append", default=[], metavar="HOST:POD")
    starting.add_argument("--ingress", metavar="BITS", help="in a second, as 10M")
    starting.add_argument("--egress", metavar="BITS")
    starting.add_argument("image")
    starting.add_argument("command", nargs=argparse.REMAINDER)
    starting.set_defaults(run=start)
    stopping.set_defaults(run=stop)
    args = parser.parse_args()
    with insecure_channel(SOCKET) as channel:
        args.run(RuntimeServiceStub(channel), args)


if __name__ == "__main__":
    main()
