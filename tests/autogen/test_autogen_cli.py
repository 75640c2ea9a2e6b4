"""The command: its options, its files, what it prints, and how it ends."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from autogen.documents import contents
from autogen.examples import ADDITIONAL, SAMPLE_TEXT, encode, full_intent, policy, sample_intent, script_intent
from autogen.replies import the_one_line, warnings_of
from autogen.rules import expect, in_order

FULL = encode(full_intent())
PARTIAL = encode({"Name": "n", "Type": "nat"})  # valid, with warnings


# Where the intent comes from, and where the configuration goes.


@pytest.mark.parametrize(
    "arguments",
    [
        ("--cni-args", FULL, "--cni-conf-path", "out"),
        ("-CniArgs", FULL, "-CniConfPath", "out"),
        (f"--cni-args={FULL}", "--cni-conf-path=out"),
        ("-CniConfPath", "out", "--version", "1.0.0", "-CniArgs", FULL),
        ("-CniConfPath", "out", "-Version", "1.0.0", "-CniArgs", FULL),
        ("-CniConfPath", "out", "--profile", "1.0.0", "-CniArgs", FULL),
    ],
    ids=lambda arguments: " ".join(each[:20] for each in arguments),
)
def test_both_spellings_of_the_parameters(autogen: Any, arguments: tuple[str, ...]) -> None:
    done = autogen(*arguments)
    assert (done.status, done.output, done.errors) == (0, "", "")
    assert os.listdir() == ["out"]
    assert in_order(contents("out")) == in_order(expect(full_intent(), "1.0.0"))


@pytest.mark.parametrize(
    ("options", "file", "profile"),
    [
        ((), "cni.conf", "1.0.0"),
        (("--profile", "0.3.1"), "cniConf", "0.3.1"),
        (("--version", "0.3.1"), "cniConf", "0.3.1"),
        (("-Version", "0.3.1"), "cniConf", "0.3.1"),
        (("--profile", "0.3.1", "--version", "1.0.0"), "cniConf", "0.3.1"),
        (("--profile", "1.0.0", "--version", "1.0.0"), "cni.conf", "1.0.0"),
    ],
)
def test_default_files(autogen: Any, options: tuple[str, ...], file: str, profile: str) -> None:
    done = autogen("--cni-args", encode(script_intent()), *options)
    assert (done.status, done.output) == (0, "")
    assert os.listdir() == [file]
    assert in_order(contents(file)) == in_order(expect(script_intent(), profile))


def test_json_is_taken_from_a_file_and_from_stdin(autogen: Any) -> None:
    Path("intent").write_bytes(ADDITIONAL)
    assert autogen("--from-json", "intent", "--cni-conf-path", "one").status == 0
    assert autogen("--from-json", "-", "--cni-conf-path", "two", stdin=ADDITIONAL).status == 0
    assert in_order(contents("one")) == in_order(expect(json.loads(ADDITIONAL), "1.0.0"))
    assert Path("one").read_bytes() == Path("two").read_bytes()


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
def test_json_as_windows_editors_write_it(autogen: Any, codec: str) -> None:
    text = json.dumps(full_intent(Name="réseau"), ensure_ascii=False)
    done = autogen("--from-json", "-", stdin=text.replace(", ", ",\r\n").encode(codec))
    (warning,) = warnings_of(done)
    assert "'réseau' is refused by container runtimes" in warning
    assert contents("cni.conf")["name"] == "réseau"


def test_a_dash_prints_the_configuration_and_writes_nothing(autogen: Any) -> None:
    done = autogen("--from-json", "-", "--cni-conf-path", "-", stdin=json.dumps(sample_intent()).encode())
    assert (done.status, done.errors) == (0, "")
    assert in_order(json.loads(done.output)) == in_order(json.loads(SAMPLE_TEXT))
    assert done.output.endswith("}\n")
    assert os.listdir() == []


def test_warnings_are_lines_on_stderr_and_only_of_a_success(autogen: Any) -> None:
    done = autogen("--cni-args", PARTIAL)
    assert (done.status, done.output) == (0, "")
    assert len(warnings_of(done)) >= 6
    the_one_line(autogen("--cni-args", encode({"Name": "n", "Type": "nat", "Gateway": "x"})))


def test_all_that_is_wrong_is_told_in_the_one_line(autogen: Any) -> None:
    line = the_one_line(autogen("--cni-args", encode(full_intent(Gateway="x", Subnet="y", Name="a/b"))))
    for key, value in (("Gateway", "x"), ("Subnet", "y"), ("Name", "a/b")):
        assert f"{key}" in line
        assert repr(value) in line


# Forms of the file.


def test_the_layout_of_powershell(autogen: Any) -> None:
    done = autogen("--cni-args", encode(sample_intent()), "--format", "powershell")
    assert (done.status, done.errors) == (0, "")
    assert Path("cni.conf").read_bytes() == SAMPLE_TEXT.encode()


@pytest.mark.parametrize("form", ["json", "powershell"])
def test_crlf_ends_every_line(autogen: Any, form: str) -> None:
    autogen("--cni-args", FULL, "--format", form, "--cni-conf-path", "lf")
    autogen("--cni-args", FULL, "--format", form, "--cni-conf-path", "crlf", "--crlf")
    assert b"\r" not in Path("lf").read_bytes()
    assert Path("crlf").read_bytes() == Path("lf").read_bytes().replace(b"\n", b"\r\n")


def test_the_file_is_ascii_and_powershell_escapes_four_more(autogen: Any) -> None:
    users = [policy("Foo", Text="<é☃𝄞> & 'x'")]
    for form in ("json", "powershell"):
        assert autogen("--cni-args", encode(full_intent(Policies=users)), "--format", form).status == 0
        assert contents("cni.conf")["AdditionalArgs"][1]["Value"] == users[0]
    text = Path("cni.conf").read_text()
    assert r'"Text":  "\u003c\u00e9\u2603\ud834\udd1e\u003e \u0026 \u0027x\u0027"' in text


def test_a_list_has_a_file_of_its_own(autogen: Any) -> None:
    assert autogen("--cni-args", encode(full_intent(Version="1.0.0")), "--list").errors == ""
    assert os.listdir() == ["cni.conflist"]
    whole = expect(full_intent(Version="1.0.0"), "1.0.0")
    rest = {key: value for key, value in whole.items() if key not in ("cniVersion", "name")}
    expected = {"cniVersion": "1.0.0", "name": "azure-cni", "plugins": [rest]}
    assert in_order(contents("cni.conflist")) == in_order(expected)


@pytest.mark.parametrize("option", ["-Verbose", "--verbose"])
def test_verbose_names_the_file_and_prints_it(autogen: Any, option: str) -> None:
    done = autogen("--cni-args", encode(sample_intent()), "--format", "powershell", option)
    assert done.output == "VERBOSE: Generated CNI conf: ./cni.conf\n" + SAMPLE_TEXT
    done = autogen("--cni-args", encode(sample_intent()), option, "--cni-conf-path", "elsewhere")
    assert done.output == "VERBOSE: Generated CNI conf: elsewhere\n" + Path("elsewhere").read_text()


# Mistakes.


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--cni-conf-path", "out"),
        ("--explain",),
        ("--cni-args",),
        ("--cni-args", FULL, "--everything"),
        ("--cni-args", FULL, "out"),
        ("--cni-args", FULL, "--from-json", "x"),
        ("--cni-args", FULL, "--version", "2.0.0"),
        ("--cni-args", FULL, "-Version", "1"),
        ("--cni-args", FULL, "--version", ""),
        ("--cni-args", FULL, "--profile", "0.2.0"),
        ("--cni-args", FULL, "--profile", "1.0.0", "--version", "0.3.1"),
        ("--cni-args", FULL, "--format", "yaml"),
        ("--check",),
    ],
    ids=lambda arguments: " ".join(each[:12] for each in arguments),
)
def test_mistakes_of_usage_have_a_status_of_their_own(autogen: Any, arguments: tuple[str, ...]) -> None:
    done = autogen(*arguments)
    assert (done.status, done.output) == (2, "")
    assert "poplin autogen: " in done.errors
    assert os.listdir() == []


@pytest.mark.parametrize("option", ["--version", "-Version", "--profile"])
def test_an_unknown_version_is_refused_naming_the_known_ones(autogen: Any, option: str) -> None:
    done = autogen("--cni-args", FULL, option, "1.1.0")
    assert done.status == 2
    for word in ("1.1.0", "1.0.0", "0.3.1"):
        assert word in done.errors.splitlines()[-1]


@pytest.mark.parametrize("path", ["missing", ".", "missing/intent.json"])
def test_an_intent_that_cannot_be_read_is_one_line(autogen: Any, path: str) -> None:
    line = the_one_line(autogen("--from-json", path))
    assert path in line
    assert os.listdir() == []


@pytest.mark.parametrize("path", ["missing", ".", "missing/conf"])
def test_a_configuration_that_cannot_be_read_is_one_line(autogen: Any, path: str) -> None:
    assert path in the_one_line(autogen("--check", path))
