"""What `--dry-run` prints: the plan of a verb as lines of a shell, or for --json as objects.

    # mynet: bridge
    ip link add vethc0ffee00 type veth peer name eth0 netns blue
    # mynet: poplin
    write /var/lib/cni/results/mynet-c1-eth0

`write FILE` and `remove FILE` are the state that plugins and poplin keep. What no command can say is a comment.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from itertools import groupby

from poplin.preview.step import Step
from poplin.runtime.together import Step as Pair
from poplin.spec.jsontext import dumps
from poplin.spec.result import format_result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.preview.plan import Preview

US = "poplin"  # what the runtime itself does


def print_plan(previews: Sequence[Preview], pairs: Sequence[Pair], options: argparse.Namespace) -> None:
    """What would be done for each of these pairs of network and attachment."""
    if options.json:
        attachments = [as_object(*each) for each in zip(pairs, previews, strict=True)]
        print(dumps({"version": 1, "dryRun": True, "attachments": attachments}, 2))
        return
    for (network, _), preview in zip(pairs, previews, strict=True):
        print("\n".join(format_lines(network.name, preview.steps)))


def format_lines(network: str, steps: Iterable[Step]) -> list[str]:
    """Lines, with a comment wherever another plugin goes on."""
    lines: list[str] = []
    for plugin, of_plugin in groupby(steps, key=lambda step: step.plugin):
        lines += [f"# {network}: {plugin or US}", *(step.line for step in of_plugin)]
    return lines


def as_object(pair: Pair, preview: Preview) -> dict[str, object]:
    """One attachment for --json."""
    network, attachment = pair
    return {
        "network": network.name,
        "ifname": attachment.ifname,
        "steps": format_objects(preview.steps),
        "result": format_result(preview.result) if preview.result else None,
    }


def format_objects(steps: Iterable[Step]) -> list[dict[str, str]]:
    """[{"plugin", "line", "content"?}] for --json."""
    return [{"plugin": step.plugin or US, "line": step.line, **content_of(step)} for step in steps]


def content_of(step: Step) -> dict[str, str]:
    """What would be in the file, of a step that writes one."""
    return {"content": step.content.decode(errors="replace")} if step.content else {}
