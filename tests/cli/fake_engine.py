#!/usr/bin/python3 -IS
"""A container engine that has network namespaces and nothing else of containers; what it knows is in its folder.

calls           every command line, a line each
image           there once it was imported
sleeper         the process of the container that sleeps, while there is one
fails           begins of command lines that fail, a line each
lies            the process to tell instead of the sleeper's
says            what --version says, instead of the truth
orphans         there to have the sleeper's `run` end before it
"""

import os
import signal
import subprocess
import sys
import time

NAME = os.path.basename(sys.argv[0])
FOLDER = os.path.dirname(sys.argv[0])
VERSIONS = {"docker": "Docker version 20.10.24", "podman": "podman version 4.3.1", "emulated": "podman version 4.3.1"}


def main(words):
    line = " ".join(words)
    with open(path("calls"), "a") as calls:
        calls.write(line + "\n")
    if any(line.startswith(each) for each in read("fails").splitlines()):
        sys.stderr.write(NAME + " cannot do this\n")
        return 125
    if words == ["--version"]:
        print(read("says") or VERSIONS[NAME])
    elif words[:2] == ["image", "inspect"]:
        return 0 if os.path.exists(path("image")) else 1
    elif words[:2] == ["import", "-"]:
        with open(path("image"), "xb") as file:
            file.write(sys.stdin.buffer.read())
    elif words[0] == "inspect":
        while not os.path.exists(path("sleeper")):  # which may speak before it is on record
            time.sleep(0.01)
        print(read("lies") or read("sleeper"))
    elif words[0] == "run":
        options, command = split(words[1:])
        return sleep(options, command) if options["--network"] == "none" else join(options, command)
    return 0


def split(words):
    """Options, and the command behind the image."""
    at = next(number for number, word in enumerate(words) if not word.startswith("-"))
    options = dict(word.partition("=")[::2] for word in words[:at])
    return options, [*filter(None, [options.get("--entrypoint")]), *words[at + 1 :]]


def sleep(options, command):
    """A container of its own, gone when its command ends."""
    name, _, value = options["--env"].partition("=")
    container = subprocess.Popen(["unshare", "--net", *command], env={name: value, "PATH": os.environ["PATH"]})
    with open(path("starting"), "w") as file:
        file.write(str(container.pid))
    os.rename(path("starting"), path("sleeper"))
    if os.path.exists(path("orphans")):
        return 0
    status = container.wait()
    os.unlink(path("sleeper"))
    return status


def join(options, command):
    """A container in the namespace of another, or at a path."""
    volume, _, _ = options.get("--volume", "").partition(":")
    os.environ["RESOLV_CONF"] = volume
    kind, _, where = options["--network"].partition(":")
    netns = where if kind == "ns" else "/proc/" + read("sleeper") + "/ns/net"
    inside = ["nsenter", "--net=" + netns, "unshare", "--mount", *command]
    if "--detach" in options:
        nowhere = subprocess.DEVNULL
        container = subprocess.Popen(inside, stdin=nowhere, stdout=nowhere, stderr=nowhere)
        while os.path.samefile(f"/proc/{container.pid}/ns/mnt", "/proc/self/ns/mnt"):  # until it has started
            time.sleep(0.01)
        if options["--detach"] == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        print("detached")
        return 0
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.execvp(inside[0], inside)


def path(name):
    return os.path.join(FOLDER, name)


def read(name):
    try:
        with open(path(name)) as file:
            return file.read()
    except FileNotFoundError:
        return ""


sys.exit(main(sys.argv[1:]))
