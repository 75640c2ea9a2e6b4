"""What ADD was given, so that who detaches or checks by hand need not say it all again."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from poplin.runtime.attachment import Attachment
from poplin.runtime.caller import Runtime
from poplin.spec.errors import CNIError
from poplin.spec.netlist import NetworkList


def recall(runtime: Runtime, network: NetworkList, attachment: Attachment) -> Attachment:
    """The attachment with the arguments on record where it brings none; a record nobody can read is none.

    Plugins that publish ports, for instance, check and remove those they are told of.
    """
    with suppress(CNIError):
        if entry := runtime.cache.find_entry(network.name, *attachment.identity):
            recorded = entry.attachment
            return replace(
                attachment,
                args=attachment.args or recorded.args,
                capability_args=attachment.capability_args or recorded.capability_args,
                config_args=attachment.config_args or recorded.config_args,
            )
    return attachment
