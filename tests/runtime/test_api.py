"""The library as an engine sees it: what `poplin.runtime` names, its errors, its threads."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

import poplin.runtime as cni

RESULT = {"cniVersion": "1.1.0", "ips": [{"address": "10.1.0.2/16"}]}


def test_every_name_it_offers_is_there_once() -> None:
    assert [name for name in cni.__all__ if not hasattr(cni, name)] == []
    assert len(set(cni.__all__)) == len(cni.__all__)


def test_a_network_comes_from_a_folder_or_from_text(tmp_path: Path) -> None:
    text = json.dumps({"cniVersion": "1.1.0", "name": "mynet", "plugins": [{"type": "noop"}]})
    (tmp_path / "10-mynet.conflist").write_text(text)
    assert cni.load("mynet", str(tmp_path)).plugins == cni.parse(text).plugins
    assert [network.name for network in cni.load_all(str(tmp_path))] == ["mynet"]


def test_an_error_says_which_plugin_failed_at_which_step(
    runtime: Any, network: Any, attachment: Any, double: Any
) -> None:
    double("one")
    double("two").fail(11, "busy")
    with pytest.raises(cni.TryAgainLater) as caught:
        cni.attach(runtime, network("one", "two"), attachment)
    error = caught.value
    assert (error.code, error.msg, error.step, error.plugin, error.network) == (11, "busy", "ADD", "two", "mynet")


@pytest.mark.parametrize("step", ["CHECK", "DEL", "STATUS"])
def test_every_verb_names_itself(runtime: Any, network: Any, attachment: Any, double: Any, step: str) -> None:
    double("noop").fail(142, "banana", step)
    calls = {
        "CHECK": lambda: cni.check(runtime, network("noop"), attachment),
        "DEL": lambda: cni.detach(runtime, network("noop"), attachment),
        "STATUS": lambda: cni.status(runtime, network("noop")),
    }
    with pytest.raises(cni.CNIError) as caught:
        calls[step]()
    assert (type(caught.value), caught.value.code, caught.value.step) == (cni.CNIError, 142, step)


# Several networks.


def test_a_container_is_attached_to_all_networks_or_to_none(runtime: Any, network: Any, double: Any) -> None:
    one, two, three = double("one"), double("two"), double("three")
    two.fail(42, "banana", "ADD")
    steps = [(network(each.type, name=each.type), cni.Attachment("c1", "/ns", each.type)) for each in (one, two, three)]
    with pytest.raises(cni.CNIError, match="banana"):
        cni.attach_all(runtime, steps)
    assert (one.commands, two.commands, three.commands) == (["ADD", "DEL"], ["ADD", "DEL"], [])
    two.tell()
    assert len(cni.attach_all(runtime, steps)) == 3


def test_one_that_is_attached_already_stops_all_before_anything_is_done(
    runtime: Any, network: Any, double: Any
) -> None:
    one, two = double("one"), double("two")
    steps = [(network(each.type, name=each.type), cni.Attachment("c1", "/ns", each.type)) for each in (one, two)]
    cni.attach(runtime, *steps[1])
    with pytest.raises(cni.CNIError, match="c1 is already attached to network 'two' as two"):
        cni.attach_all(runtime, steps)
    assert (one.commands, two.commands) == ([], ["ADD"])


def test_what_cannot_be_taken_back_is_told(
    runtime: Any, network: Any, double: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    double("noop").fail(42, "banana", "ADD", "DEL")
    steps = [(network("noop"), cni.Attachment("c1", "/ns"))]
    with pytest.raises(cni.CNIError, match="banana"):
        cni.attach_all(runtime, steps)
    assert capsys.readouterr().err == "while taking it back: DEL of plugin noop, network mynet: banana\n"


def test_detaching_goes_on_after_an_error_newest_first(runtime: Any, network: Any, double: Any) -> None:
    one, two, three = double("one"), double("two"), double("three")
    steps = [(network(each.type, name=each.type), cni.Attachment("c1", "/ns", each.type)) for each in (one, two, three)]
    two.fail(42, "banana")
    with pytest.raises(cni.CNIError, match="banana"):
        cni.detach_all(runtime, steps)
    three.fail(43, "apple")
    with pytest.raises(ExceptionGroup) as caught:
        cni.detach_all(runtime, steps)
    assert [str(each) for each in caught.value.exceptions] == ["apple", "banana"]
    assert one.commands == ["DEL", "DEL"]


# Arguments.


def test_arguments_of_the_configuration_stand_beside_its_own(runtime: Any, network: Any, double: Any) -> None:
    noop = double("noop")
    plugin = {"type": "noop", "args": {"other": 1, "CNI": {"ips": ["10.0.0.1"], "keep": True}}}
    labels = [{"key": "app", "value": "web"}]
    cni.attach(
        runtime, network(plugin), cni.Attachment("c1", "/ns", config_args={"labels": labels, "ips": ["10.0.0.9"]})
    )
    assert json.loads(noop.calls[0]["stdin"])["args"] == {
        "other": 1,
        "cni": {"keep": True, "labels": labels, "ips": ["10.0.0.9"]},
    }


def test_what_add_was_given_is_recalled_where_nothing_else_is_said(runtime: Any, network: Any, double: Any) -> None:
    double("noop")
    given = cni.Attachment("c1", "/ns", "eth0", (("A", "1"),), {"ips": ["10.0.0.1"]}, {"labels": []})
    mynet = network("noop")
    cni.attach(runtime, mynet, given)
    assert cni.recall(runtime, mynet, cni.Attachment("c1", "/ns")) == given
    other = cni.Attachment("c1", "/ns", "eth0", (("B", "2"),))
    assert cni.recall(runtime, mynet, other).args == (("B", "2"),)
    unknown = cni.Attachment("c2", "/ns")
    assert cni.recall(runtime, mynet, unknown) == unknown


def test_a_record_nobody_can_read_recalls_nothing(runtime: Any, network: Any) -> None:
    asked = cni.Attachment("c1", "/ns")
    runtime.cache.ensure_folder()
    Path(runtime.cache.path("mynet", "c1", "eth0")).write_text("not json")
    assert cni.recall(runtime, network("noop"), asked) == asked


# Threads.


def test_many_containers_are_attached_and_detached_side_by_side(runtime: Any, network: Any, double: Any) -> None:
    noop = double("noop")
    noop.tell(ADD=RESULT)
    mynet = network("noop")
    attachments = [cni.Attachment(f"c{number}", "/ns") for number in range(12)]
    with cni.Threads(runtime, workers=4) as threads:
        results = [future.result() for future in [threads.attach(mynet, each) for each in attachments]]
        assert [str(result.ips[0].address) for result in results] == ["10.1.0.2/16"] * 12
        assert [future.result() for future in [threads.check(mynet, each) for each in attachments]] == [None] * 12
        assert threads.status(mynet).result() is True
        assert [future.result() for future in [threads.detach(mynet, each) for each in attachments]] == [None] * 12
        assert threads.gc(mynet, frozenset).result() == []
    assert runtime.cache.list_entries() == []
    assert sorted(noop.commands) == ["ADD"] * 12 + ["CHECK"] * 12 + ["DEL"] * 12 + ["GC", "STATUS"]


def test_a_thread_hands_on_the_error_and_the_steps(runtime: Any, network: Any, double: Any) -> None:
    double("noop").fail(142, "banana", "ADD")
    steps = [(network("noop"), cni.Attachment("c1", "/ns"))]
    with cni.Threads(runtime) as threads:
        error = threads.attach_all(steps).exception()
        assert threads.detach_all(steps).result() is None
    assert isinstance(error, cni.CNIError)
    assert (error.code, error.step) == (142, "ADD")


def test_asyncio_waits_for_a_thread(runtime: Any, network: Any, attachment: Any, double: Any) -> None:
    double("noop").tell(ADD=RESULT)

    async def attach() -> Any:
        with cni.Threads(runtime) as threads:
            return await asyncio.wrap_future(threads.attach(network("noop"), attachment))

    assert str(asyncio.run(attach()).ips[0].address) == "10.1.0.2/16"


def test_a_plugin_that_is_missing_in_any_network_stops_all_before_anything_is_done(
    runtime: Any, network: Any, double: Any
) -> None:
    one = double("one")
    steps = [(network(name, name=name), cni.Attachment("c1", "/ns", name)) for name in ("one", "missing")]
    told: list[cni.CNIError] = []
    with pytest.raises(cni.CNIError, match="failed to find plugin 'missing'"):
        cni.attach_all(runtime, steps, told.append)
    assert (one.commands, told) == ([], [])
