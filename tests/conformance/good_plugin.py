"""A plugin that keeps every rule: a veth pair and an address for each container, or in a chain nothing but the result.

It is the body of the executables that tests/conformance makes, some of them with a line that breaks a rule.
"""

import fcntl
import os
import sys
from zlib import crc32

from poplin.linux.netns import Namespace
from poplin.linux.wire.addr import add_address
from poplin.linux.wire.link import set_link
from poplin.linux.wire.veth import add_veth
from poplin.spec.address import parse_prefix
from poplin.spec.convert import convert
from poplin.spec.errors import CheckFailed, CNIError, DecodingFailure, IncompatibleVersion, InvalidEnvironment
from poplin.spec.jsontext import dumps, loads
from poplin.spec.names import check_container_id, check_interface_name, check_network_name
from poplin.spec.result import Interface, IPConfig, Result, format_result, parse_result

VERSIONS = ["0.2.0", "0.3.1", "1.0.0", "1.1.0"]
SINCE = {"ADD": "0.1.0", "DEL": "0.1.0", "CHECK": "0.4.0", "GC": "1.1.0", "STATUS": "1.1.0"}
REQUIRED = {"ADD": ["CONTAINERID", "NETNS", "IFNAME"], "DEL": ["CONTAINERID", "IFNAME"]}
FOLDER = "/var/lib/cni/good"
env = os.environ


def main():
    verb = env.get("CNI_COMMAND", "")
    if verb == "VERSION":
        print(dumps({"cniVersion": "1.1.0", "supportedVersions": VERSIONS}))
        return 0
    version = None
    try:
        conf = read()
        version = conf.get("cniVersion") or "0.1.0"
        check(verb, conf, version)
        output = globals()[f"do_{verb.lower()}"](conf, version)
    except CNIError as error:
        print(dumps({"cniVersion": version, **error.as_object()}))
        return 1
    except (OSError, TypeError, AttributeError) as error:
        print(dumps({"cniVersion": version, "code": 100, "msg": str(error)}))
        return 1
    if output:
        print(dumps(output))
    return 0


def read():
    conf = loads(sys.stdin.buffer.read())
    if not isinstance(conf, dict):
        raise DecodingFailure("no object")
    return conf


def check(verb, conf, version):
    if verb not in SINCE:
        raise InvalidEnvironment(f"unknown CNI_COMMAND {verb}")
    for name in REQUIRED.get(verb, []):
        if not env.get(f"CNI_{name}"):
            raise InvalidEnvironment(f"CNI_{name} is missing")
    if verb in REQUIRED:
        check_container_id(env["CNI_CONTAINERID"])
        check_interface_name(env["CNI_IFNAME"])
    check_network_name(conf.get("name", ""))
    if version not in VERSIONS or version < SINCE[verb]:
        raise IncompatibleVersion(f"{verb} in {version}")


def do_add(conf, version):
    if conf.get("chained"):
        previous = conf["prevResult"]
        return format_result(convert(parse_result(previous), version))
    with Namespace() as host, Namespace(env["CNI_NETNS"]) as inside:
        if inside.rtnl.find_link(env["CNI_IFNAME"]):
            raise CNIError("the name is taken", code=102)
        number = lease()
        try:
            return attach(host, inside, number, version)
        except OSError:
            release(own())
            raise


def attach(host, inside, number, version):
    outer, ifname = name(own()), env["CNI_IFNAME"]
    host.rtnl.apply(add_veth(outer, ifname, inside.fd), set_link(outer, up=True))
    inside.rtnl.apply(set_link(ifname, up=True))
    link, end = inside.rtnl.get_link(ifname), host.rtnl.get_link(outer)
    address = parse_prefix(f"10.222.0.{number}/24")
    inside.rtnl.apply(add_address(ifname, link.index, address))
    # after the address
    interfaces = [Interface(outer, end.mac), Interface(ifname, link.mac, env["CNI_NETNS"])]
    result = Result("1.1.0", interfaces, [IPConfig(address, None, 1)])
    return format_result(convert(result, version))


def do_del(conf, version):
    if conf.get("chained"):
        return None
    with Namespace() as host:
        host.rtnl.remove_link(name(own()))
    release(own())
    return None


def do_check(conf, version):
    if not conf.get("prevResult"):
        raise CheckFailed("prevResult is missing")
    if conf.get("chained"):
        return None
    result = convert(parse_result(conf["prevResult"]), "1.1.0")
    with Namespace(env["CNI_NETNS"]) as inside:
        link = inside.rtnl.find_link(env["CNI_IFNAME"])
        if not link:
            raise CheckFailed("the interface is gone")
        there = [str(each.prefix) for each in inside.rtnl.list_addresses(link.index)]
    if any(str(ip.address) not in there for ip in result.ips):
        raise CheckFailed("an address is gone")
    return None


def do_gc(conf, version):
    valid = {f"{each['containerID']}:{each['ifname']}" for each in conf.get("cni.dev/valid-attachments") or []}
    for owner in leases():
        if owner not in valid:
            with Namespace() as host:
                host.rtnl.remove_link(name(owner))
            release(owner)
    return None


def do_status(conf, version):
    return None


# Leases: a file for each attachment, its number in it.


def own():
    return f"{env['CNI_CONTAINERID']}:{env['CNI_IFNAME']}"


def leases():
    return [each for each in os.listdir(FOLDER) if each != "lock"] if os.path.isdir(FOLDER) else []


def lease():
    os.makedirs(FOLDER, exist_ok=True)
    with open(f"{FOLDER}/lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        mine = f"{FOLDER}/{own()}"
        if not os.path.exists(mine):
            taken = {read_lease(each) for each in leases()}
            number = next(str(each) for each in range(2, 254) if str(each) not in taken)
            with open(mine, "w") as file:
                file.write(number)
        return read_lease(own())


def read_lease(owner):
    with open(f"{FOLDER}/{owner}") as file:
        return file.read()


def release(owner):
    if os.path.exists(f"{FOLDER}/{owner}"):
        os.unlink(f"{FOLDER}/{owner}")


def name(owner):
    return f"g{crc32(owner.encode()):08x}"


sys.exit(main())
