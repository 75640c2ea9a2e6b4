"""The daemon's flags as they are typed."""

from __future__ import annotations

import pytest

from poplin.dhcp.flags import parse_flags

USUAL = {
    "pidfile": "",
    "hostprefix": "",
    "socketpath": "/run/cni/dhcp.sock",
    "timeout": 10.0,
    "resendmax": 62.0,
    "resendtimeout": 208.0,
    "broadcast": False,
}


@pytest.mark.facts("plugins-main-ipam", 215)
@pytest.mark.parametrize(
    ("words", "changed"),
    [
        ([], {}),
        (["-pidfile", "/run/x.pid"], {"pidfile": "/run/x.pid"}),
        (["--pidfile=/run/x.pid"], {"pidfile": "/run/x.pid"}),
        (["-hostprefix=/host", "-socketpath", "/run/d.sock"], {"hostprefix": "/host", "socketpath": "/run/d.sock"}),
        (["-timeout", "1m30s"], {"timeout": 90.0}),
        (["-resendmax=500ms", "--resendtimeout", "1h0.5m"], {"resendmax": 0.5, "resendtimeout": 3630.0}),
        (["-broadcast"], {"broadcast": True}),
        (["-broadcast", "-timeout", "2s"], {"broadcast": True, "timeout": 2.0}),
        (["--broadcast=true"], {"broadcast": True}),
        (["-broadcast=F"], {"broadcast": False}),
    ],
)
def test_flags_have_the_references_names_with_one_dash_or_two(words: list[str], changed: dict):
    assert vars(parse_flags(words)) == {**USUAL, **changed}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-timeout", "10"], "'10' is no time like 10s, 1m30s or 500ms"),
        (["-timeout", "-1s"], "expected one argument"),
        (["-timeout=-1s"], "'-1s' is no time like 10s, 1m30s or 500ms"),
        (["-timeout", "1ns"], "'1ns' is too short a time"),
        (["-broadcast=perhaps"], "'perhaps' is neither true nor false"),
        (["-nonsense", "/x"], "unrecognized arguments: -nonsense /x"),
        (["extra"], "unrecognized arguments: extra"),
    ],
)
def test_a_mistake_is_named(capsys: pytest.CaptureFixture[str], words: list[str], said: str):
    with pytest.raises(SystemExit) as stop:
        parse_flags(words)
    assert stop.value.code == 2
    assert said in capsys.readouterr().err
