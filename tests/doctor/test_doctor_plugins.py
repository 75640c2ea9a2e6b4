"""`poplin doctor --only plugins`: the executables of plugins."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from poplin.cli.build import write_plugins

CHECK = "plugins"
INTERPRETER = "/usr/bin/python3"
E_MACHINE = 18


@pytest.fixture
def plugins(clinic: Any, tmp_path: Path) -> Path:
    """A folder of its own with our plugins, which is all of CNI_PATH, and a network."""
    folder = tmp_path / "bin"
    write_plugins(str(folder), INTERPRETER)
    clinic.environ["CNI_PATH"] = str(folder)
    clinic.configure(clinic.bridge())
    return folder


def test_plugins_that_are_there_are_well(clinic: Any, plugins: Path) -> None:
    assert clinic.find(CHECK) == []


def test_one_of_ours_that_is_missing_is_installed(clinic: Any, plugins: Path, tmp_path: Path) -> None:
    (plugins / "host-local").unlink()
    found = clinic.find_one(CHECK)
    assert found == {
        "check": CHECK,
        "severity": "error",
        "text": "plugin host-local of network mynet is in no folder of plugins",
        "evidence": [f"looked into {plugins}"],
        "mend": f"poplin install --bin-dir {plugins}",
    }
    wrapped = found["mend"] + f" --lib-dir {tmp_path}/lib"
    clinic.sh(wrapped)
    assert clinic.find(CHECK) == []


def test_one_of_somebody_elses_that_is_missing(clinic: Any, plugins: Path) -> None:
    clinic.configure(clinic.bridge(), {"type": "nosuch"})
    found = clinic.find_one(CHECK)
    assert found["text"] == (
        "plugin nosuch of network mynet is in no folder of plugins; it is none of Poplin's: install the package that "
        "has it"
    )
    assert found["mend"] == ""


def test_one_that_may_not_be_executed(clinic: Any, plugins: Path) -> None:
    (plugins / "bridge").chmod(0o644)
    found = clinic.find_one(CHECK)
    assert found["text"] == "plugin bridge of network mynet is no executable"
    clinic.cure(CHECK, found)


@pytest.mark.parametrize("mode", [0o757, 0o775])
def test_one_that_others_may_write(clinic: Any, plugins: Path, mode: int) -> None:
    (plugins / "bridge").chmod(mode)
    found = clinic.find_one(CHECK)
    assert found["severity"] == "warning"
    assert found["text"] == "plugin bridge of network mynet could be changed by others than root"
    assert found["evidence"] == [
        f"{plugins}/bridge has mode {mode:o}, others could change what root will run; chmod go-w it first"
    ]
    clinic.cure(CHECK, found)


def test_one_that_others_may_write_is_not_run(clinic: Any, plugins: Path, tmp_path: Path) -> None:
    """It would be as root, and others may have been there before the doctor."""
    trap = plugins / "trap"
    trap.write_text(f"#!/bin/sh\necho '{{}}'; touch {tmp_path}/sprung\n")
    clinic.configure({"type": "trap"})
    trap.chmod(0o777)
    found = clinic.find_one(CHECK)
    assert found["text"] == "plugin trap of network mynet could be changed by others than root"
    assert not (tmp_path / "sprung").exists()
    clinic.cure(CHECK, found)
    assert (tmp_path / "sprung").exists(), "what only root may write is asked for its versions"


def test_a_folder_of_somebody_else(clinic: Any, plugins: Path) -> None:
    shutil.chown(plugins, 65534)
    found = clinic.find(CHECK)
    assert [each["mend"] for each in found] == [f"chown root {plugins}"] * 2
    clinic.cure(CHECK, found[0])
    assert clinic.find(CHECK) == []


def test_a_script_without_its_interpreter(clinic: Any, plugins: Path) -> None:
    (plugins / "bridge").write_text("#!/opt/gone/python3 -IS\nprint()\n")
    found = clinic.find_one(CHECK)
    assert found["text"] == "plugin bridge of network mynet is a program for /opt/gone/python3, which is not there"
    assert found["evidence"] == [f"{plugins}/bridge: #!/opt/gone/python3"]
    assert found["mend"] == f"poplin install --bin-dir {plugins} --force"


def test_a_program_for_another_machine(clinic: Any, plugins: Path) -> None:
    program = bytearray(Path("/bin/true").read_bytes())
    own = int.from_bytes(program[E_MACHINE : E_MACHINE + 2], "little")
    program[E_MACHINE : E_MACHINE + 2] = (own + 1).to_bytes(2, "little")
    (plugins / "bridge").write_bytes(program)
    found = clinic.find_one(CHECK)
    assert found["text"] == "plugin bridge of network mynet is for another kind of machine"
    assert found["evidence"] == [f"{plugins}/bridge: ELF of machine {own + 1}, and this is {own}"]


def test_what_is_no_program_at_all(clinic: Any, plugins: Path) -> None:
    (plugins / "bridge").write_text("hello\n")
    (plugins / "bridge").chmod(0o755)
    assert clinic.find_one(CHECK)["text"] == "plugin bridge of network mynet is no program"


def test_one_that_does_not_speak_the_version(clinic: Any, plugins: Path, double: Any) -> None:
    old = double("old")
    old.tell(versions=["0.3.1", "0.4.0"])
    clinic.environ["CNI_PATH"] = f"{plugins}:{old.path.parent}"
    file = clinic.configure({"type": "old"})
    found = clinic.find_one(CHECK)
    assert found["text"] == "plugin old does not speak version 1.1.0 of network mynet"
    assert found["evidence"] == [f"{old.path} VERSION: 0.3.1, 0.4.0"]
    clinic.cure(CHECK, found)
    assert json.loads(file.read_text())["cniVersion"] == "0.4.0"


def test_one_that_does_not_say_which_versions_it_speaks(clinic: Any, plugins: Path, double: Any) -> None:
    mute = double("mute")
    mute.fail(999, "banana", "VERSION")
    clinic.environ["CNI_PATH"] = f"{plugins}:{mute.path.parent}"
    clinic.configure({"type": "mute"})
    found = clinic.find_one(CHECK)
    assert found["text"] == "plugin mute of network mynet does not say which versions it speaks"
    assert "banana" in found["evidence"][0]
