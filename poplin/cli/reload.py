"""Restore Poplin's firewall state, which lives in nftables, after somebody flushed it.

Masquerading, published ports, spoof checks and what `firewall` lets pass are made again for every attachment on
record; who made it, podman, containerd or poplin, does not matter. What is there already stays, and traffic goes on.
The systemd unit poplin-reload.service calls this after nftables or firewalld was restarted or reloaded.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass, field

from poplin.cli.failure import FAILED, report
from poplin.cli.settings import plugin_paths
from poplin.invoke.entry import PLUGINS, is_entry
from poplin.invoke.find import find_plugin
from poplin.linux.kernel import Kernel
from poplin.linux.netlink import NetlinkError
from poplin.linux.nft.antispoof import ANTISPOOF
from poplin.linux.nft.forward import FORWARD, ISOLATION
from poplin.linux.nft.nat import NAT
from poplin.plugins.kit.delegate import load_plugin
from poplin.plugins.kit.skel import RESTORE
from poplin.runtime.cache import Cache, Entry
from poplin.runtime.liveness import is_alive, locate
from poplin.runtime.request import make_config, make_environ
from poplin.spec.call import Call, Config, Environment
from poplin.spec.errors import CNIError, IOFailure, KernelRefused
from poplin.spec.jsontext import dumps
from poplin.spec.netlist import PluginConfig, parse_network_list


@dataclass
class Report:
    """What was restored, and what could not be: each attachment with its error."""

    restored: list[Entry] = field(default_factory=list)
    failed: list[tuple[Entry, CNIError]] = field(default_factory=list)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin reload`."""
    parser.add_argument(
        "--json",
        action="store_true",
        help='{"version": 1, "restored": [{network, containerID, ifname}], "failed": [{..., "error"}]}',
    )


def run(options: argparse.Namespace) -> int:
    """`poplin reload`."""
    cache, kernel = Cache(), Kernel()
    with cache.locked(shared=True):
        load_rules(kernel)
        done = restore_all(cache, kernel)
    if options.json:
        failed = [{**name(entry), "error": error.as_object()} for entry, error in done.failed]
        print(dumps({"version": 1, "restored": [name(entry) for entry in done.restored], "failed": failed}, 2))
    else:
        for entry, error in done.failed:
            report(error, f"poplin reload: {'/'.join(name(entry).values())}")
        count = len(done.restored)
        rest = f", {len(done.failed)} failed" if done.failed else ""
        print(f"restored {count} attachment{'s' * (count != 1)}{rest}")
    return FAILED if done.failed else 0


def load_rules(kernel: Kernel) -> None:
    """The rules of each skeleton that left its mark: they may have been flushed and the mark not. Raises IOFailure."""
    try:
        for skeleton in (NAT, ANTISPOOF, FORWARD, ISOLATION):
            if kernel.host.nft.find(skeleton.mark):
                kernel.host.nft.load(skeleton)
    except OSError as error:
        raise IOFailure("cannot load the rules again", error.strerror or str(error)) from None


def restore_all(cache: Cache, kernel: Kernel) -> Report:
    """Every attachment on record whose container is alive and of which one of our plugins keeps firewall state."""
    done = Report()
    paths = plugin_paths()
    for entry in map(locate, cache.list_entries()):
        try:
            if is_alive(kernel, entry.attachment.netns) and restore(entry, kernel, paths):
                done.restored.append(entry)
        except CNIError as error:
            done.failed.append((entry, error))
        except NetlinkError as error:
            done.failed.append((entry, KernelRefused(str(error))))
        except OSError as error:
            done.failed.append((entry, IOFailure(error.strerror or str(error))))
    return done


def restore(entry: Entry, kernel: Kernel, paths: tuple[str, ...]) -> bool:
    """One attachment; whether there was a plugin that restores anything. Raises CNIError."""
    network = parse_network_list(entry.config)
    restored = False
    for plugin in network.plugins:
        verb = load_plugin(PLUGINS[plugin.type]).verbs.get(RESTORE) if is_ours(plugin, paths) else None
        if verb:
            source = make_config(network, plugin, entry.attachment, {"prevResult": entry.result})
            environ = make_environ("CHECK", network, paths, os.environ, entry.attachment)
            verb(Call(Environment(environ), Config(source)), kernel)
            restored = True
    return restored


def is_ours(plugin: PluginConfig, paths: tuple[str, ...]) -> bool:
    """Whether CNI_PATH leads to a plugin of ours: what others made they restore themselves. Raises CNIError."""
    return plugin.type in PLUGINS and is_entry(find_plugin(plugin.type, paths))


def name(entry: Entry) -> dict[str, str]:
    """The attachment."""
    container_id, ifname = entry.attachment.identity
    return {"network": entry.network, "containerID": container_id, "ifname": ifname}
