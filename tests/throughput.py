"""How much one container gets from another: TCP at full speed, counted where it arrives."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from netlab import PATIENCE, Container

# Takes what comes, and says how many bytes that were in how many seconds, without those of a while at the beginning.
RECEIVER = """\
import socket, sys, time
address, port, skipped, counted = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
listener.bind((address, port))
listener.listen()
print("ready", flush=True)
talk, _ = listener.accept()
room, count = bytearray(1 << 16), 0
began = time.monotonic()
while (now := time.monotonic()) < began + skipped:
    talk.recv_into(room)
since = now
while (now := time.monotonic()) < since + counted:
    count += talk.recv_into(room)
print(count, now - since)
"""
# Takes so many bytes.
TAKER = """\
import socket, sys
address, port, left = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
listener.bind((address, port))
listener.listen()
print("ready", flush=True)
talk, _ = listener.accept()
room = bytearray(1 << 16)
while left > 0:
    left -= talk.recv_into(room)
print("done", flush=True)
"""
SENDER = """\
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=60) as talk:
    try:
        while True:
            talk.sendall(bytes(1 << 16))
    except ConnectionError:
        pass
"""
PORT = 5001


def measure(sender: Container, receiver: Container, address: str, *, skipped: float, counted: float) -> float:
    """Bits a second that `receiver` gets at its `address`."""
    arguments = (address, str(PORT), str(skipped), str(counted))
    with listening(receiver, RECEIVER, *arguments) as process, sending(sender, address):
        output, _ = process.communicate(timeout=skipped + counted + PATIENCE)
    count, took = output.split()
    return int(count) * 8 / float(took)


def time_transfer(sender: Container, receiver: Container, address: str, count: int) -> float:
    """Seconds from before the first byte until so many have come to `receiver` at its `address`."""
    with listening(receiver, TAKER, address, str(PORT), str(count)) as process:
        began = time.monotonic()
        with sending(sender, address):
            output, _ = process.communicate(timeout=2 * PATIENCE)
        took = time.monotonic() - began
    assert output == "done\n"
    return took


@contextmanager
def listening(receiver: Container, program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A program that listens already."""
    with start(receiver, program, *arguments) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


@contextmanager
def sending(sender: Container, address: str) -> Iterator[None]:
    """A sender at full speed while the block runs."""
    with start(sender, SENDER, address, str(PORT)) as process:
        try:
            yield
        finally:
            process.kill()


def start(container: Container, program: str, *arguments: str) -> subprocess.Popen[str]:
    """A program inside."""
    command = ["nsenter", f"--net={container.path}", sys.executable, "-IS", "-c", program, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
