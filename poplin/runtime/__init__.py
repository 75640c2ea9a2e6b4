"""The CNI runtime as a library, for container engines: call plugins, remember results, collect garbage.

    import poplin.runtime as cni

    runtime = cni.Runtime(paths=("/opt/cni/bin",))
    network = cni.load("mynet")                                  # from /etc/cni/net.d
    attachment = cni.Attachment("c1", "/run/netns/c1", capability_args={"portMappings": [...]})
    result = cni.attach(runtime, network, attachment)            # ADD of every plugin; result.ips, result.interfaces
    cni.check(runtime, network, attachment)                      # CNIError of code 103 if it has changed
    cni.detach(runtime, network, attachment)                     # DEL; may be repeated
    cni.gc(runtime, network, lambda: {("c2", "eth0")})           # remove whatever is not in use any more

Whatever goes wrong is a `CNIError`: `code`, `msg` and `details` as the plugin said it, `step`, `plugin` and `network`
for where. `Threads` has the same verbs for many containers at once. `examples/engine.py` is an engine of one page.

What is named here is kept stable; what the modules have beside it is not.
"""

from poplin.runtime.attach import attach
from poplin.runtime.attachment import Attachment
from poplin.runtime.cache import Cache
from poplin.runtime.caller import Runtime
from poplin.runtime.check import check
from poplin.runtime.detach import detach
from poplin.runtime.gc import gc
from poplin.runtime.networks import NetworkNotFound, NoConfigs, load, load_all
from poplin.runtime.recall import recall
from poplin.runtime.status import status
from poplin.runtime.survey import SeenAddress, SeenAttachment, SeenInterface, survey
from poplin.runtime.threads import Threads
from poplin.runtime.together import attach_all, detach_all
from poplin.runtime.trace import TraceContext
from poplin.runtime.validate import validate
from poplin.spec.errors import CNIError, PluginNotAvailable, TryAgainLater
from poplin.spec.netlist import NetworkList, PluginConfig
from poplin.spec.netlist import parse_network_list as parse
from poplin.spec.result import DNS, Interface, IPConfig, OldResult, Result, Route

__all__ = [
    "DNS",
    "Attachment",
    "CNIError",
    "Cache",
    "IPConfig",
    "Interface",
    "NetworkList",
    "NetworkNotFound",
    "NoConfigs",
    "OldResult",
    "PluginConfig",
    "PluginNotAvailable",
    "Result",
    "Route",
    "Runtime",
    "SeenAddress",
    "SeenAttachment",
    "SeenInterface",
    "Threads",
    "TraceContext",
    "TryAgainLater",
    "attach",
    "attach_all",
    "check",
    "detach",
    "detach_all",
    "gc",
    "load",
    "load_all",
    "parse",
    "recall",
    "status",
    "survey",
    "validate",
]
