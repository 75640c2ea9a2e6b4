"""The configuration that the delegate gets, put together from the network's and the daemon's.

Since CNI 0.3.0 the addresses are `ranges`, with a route to each network of flannel's. Before, and without a version,
they are one `subnet` without routes, as flannel's documentation has it; what one `subnet` cannot say is said in the
newer form.
"""

from __future__ import annotations

from poplin.spec.fields import Fields
from poplin.spec.netlist import inject
from poplin.spec.versions import is_at_least

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.plugins.flannel.settings import Settings
    from poplin.plugins.flannel.subnet import Subnet
    from poplin.spec.call import Call

    Object = dict[str, object]

RANGES_SINCE = "0.3.0"
WITH_GATEWAY = "bridge"  # the delegate that is made the gateway


def generate(call: Call, settings: Settings, subnet: Subnet) -> Object:
    """For ADD and STATUS. Of what the delegate can be told the network's word counts before the daemon's. Raises
    DecodingFailure."""
    defaults: Object = {"mtu": subnet.mtu, "ipMasq": not subnet.is_masqueraded}
    if settings.type == WITH_GATEWAY:
        defaults["isGateway"] = True
    given = Fields(settings.delegate)
    missing = {key: value for key, value in defaults.items() if key not in given}
    return inject(generate_base(call, settings), {**missing, "ipam": generate_ipam(call, settings, subnet)})


def generate_base(call: Call, settings: Settings) -> Object:
    """What the daemon has no part in, which is enough for GC."""
    version = call.fields.text("cniVersion")
    return inject(
        settings.delegate,
        {
            **({"cniVersion": version} if version else {}),
            "name": call.config.name,
            "type": settings.type,
            **settings.passed_on,
            "ipam": {**settings.ipam, "type": settings.ipam_type},
        },
    )


def generate_ipam(call: Call, settings: Settings, subnet: Subnet) -> Object:
    """`ipam`; what the network has there besides stays as it is."""
    base: Object = {**settings.ipam, "type": settings.ipam_type}
    is_simple = len(subnet.subnets) == len(subnet.networks) == 1
    if is_simple and not is_at_least(call.config.version, RANGES_SINCE):
        routes: Object = {"routes": settings.routes} if settings.routes else {}
        return inject(base, {"subnet": str(subnet.subnets[0]), **routes})
    ranges = [[{"subnet": str(each)}] for each in subnet.subnets]
    added = [{"dst": str(each)} for each in subnet.networks]
    return inject(base, {"ranges": ranges, "routes": [*settings.routes, *added]})
