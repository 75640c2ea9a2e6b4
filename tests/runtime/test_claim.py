"""Two calls that attach the same container at once."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from netlab import CHECKOUT

import poplin.runtime as cni
from poplin.runtime.claim import Claim, claimed

HOLD = """
import sys
from poplin.runtime import Attachment, Cache
from poplin.runtime.claim import claimed
with claimed(Cache(sys.argv[1]), [("mynet", Attachment("c1"))]):
    print("held", flush=True)
    sys.stdin.read()
"""


def is_free(runtime: Any, claim: Claim) -> bool:
    """Whether somebody could claim it now."""
    try:
        with claimed(runtime.cache, [claim]):
            return True
    except cni.TryAgainLater:
        return False


def test_what_is_claimed_is_refused_to_others_and_nothing_is_called(
    runtime: Any, network: Any, attachment: Any, double: Any
) -> None:
    plugin = double("noop")
    with claimed(runtime.cache, [("mynet", attachment)]), pytest.raises(cni.TryAgainLater) as caught:
        cni.attach_all(runtime, [(network("noop"), attachment)])
    assert caught.value.msg == f"{attachment.container_id} is being attached to network 'mynet' as {attachment.ifname}"
    assert plugin.commands == []
    assert len(cni.attach_all(runtime, [(network("noop"), attachment)])) == 1


def test_others_have_claims_of_their_own(runtime: Any, attachment: Any) -> None:
    others = [
        ("other", attachment),
        ("mynet", cni.Attachment("c2")),
        ("mynet", cni.Attachment(attachment.container_id, ifname="net1")),
    ]
    with claimed(runtime.cache, [("mynet", attachment)]):
        assert [is_free(runtime, other) for other in others] == [True, True, True]
        assert not is_free(runtime, ("mynet", attachment))


def test_what_is_named_twice_is_no_conflict_with_itself(runtime: Any, attachment: Any) -> None:
    with claimed(runtime.cache, [("mynet", attachment), ("mynet", attachment)]):
        assert not is_free(runtime, ("mynet", attachment))
    assert is_free(runtime, ("mynet", attachment))


def test_of_two_threads_one_attaches_and_what_it_made_stays(
    runtime: Any, network: Any, attachment: Any, double: Any
) -> None:
    plugin = double("noop")
    gate = threading.Barrier(2)
    steps = [(network("noop"), attachment)]

    def attach() -> int:
        gate.wait()
        try:
            cni.attach_all(runtime, steps)
        except cni.CNIError as error:
            return error.code
        return 0

    with ThreadPoolExecutor(2) as pool:
        codes = sorted(future.result() for future in [pool.submit(attach) for _ in range(2)])
    assert codes[0] == 0
    assert codes[1] in (11, 102)  # while the other was at it, or just after
    assert plugin.commands == ["ADD"]


def test_claim_ends_with_the_process_that_has_it(runtime: Any, attachment: Any) -> None:
    runtime.cache.ensure_folder()
    command = [sys.executable, "-c", HOLD, runtime.cache.folder]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=CHECKOUT, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(cni.TryAgainLater), claimed(runtime.cache, [("mynet", cni.Attachment("c1"))]):
            pass
        holder.kill()
        holder.wait()
    with claimed(runtime.cache, [("mynet", cni.Attachment("c1"))]):
        pass


def test_garbage_is_collected_beside_a_claim(runtime: Any, network: Any, attachment: Any, double: Any) -> None:
    double("noop")
    with claimed(runtime.cache, [("mynet", attachment)]):
        assert cni.gc(runtime, network("noop"), lambda: set()) == []


def test_folder_that_cannot_be_made_is_named(tmp_path: Any, attachment: Any) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(cni.CNIError, match="cannot keep results in"), claimed(cni.Cache(f"{tmp_path}/file/x"), []):
        pass
