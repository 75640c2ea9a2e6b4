"""The report of proven rows, the counting line and the summary, on runs of pytest made up for the purpose."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import facts
import pytest
import tally

TESTS = Path(facts.__file__).parent

SHEET = """
[sheet]
rows = 40
required = ["1-3"]
[sheet.deviations]
[sheet.later]
3 = "next"
"""
PROVES_ALL = """
import pytest

@pytest.mark.facts("sheet", 1, 2)
def test_one():
    pass

@pytest.mark.facts("sheet", 2)
def test_two():
    pass
"""
CONFTEST = "pytest_plugins = ['facts', 'sample', 'tally']"


@pytest.fixture
def project(tmp_path):
    """A folder with the three plugins, a sheet of its own and no skips listed."""
    for name in ("facts.py", "sample.py", "tally.py"):
        shutil.copy(TESTS / name, tmp_path)
    (tmp_path / "facts.toml").write_text(SHEET)
    (tmp_path / "skips.txt").write_text("# none\n")
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_it.py").write_text(PROVES_ALL)
    return tmp_path


def run(project: Path, *options: str, **environ: str) -> tuple[int, list[str]]:
    """Exit status and lines of a run with --facts --tally."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--facts", "--tally", *options]
    env = {**os.environ, **environ}
    done = subprocess.run(command, cwd=project, env=env, text=True, stdout=subprocess.PIPE, timeout=60)
    return done.returncode, done.stdout.splitlines()


def edit(path: Path, old: str, new: str) -> None:
    """Replace in a file."""
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_run_that_proves_every_row_succeeds_and_ends_with_the_counts(project):
    status, lines = run(project)
    assert status == 0
    assert "sheet: 2 of 3 rows proven, 0 deviate, 1 later" in lines
    assert lines[-1] == "2 passed, 0 failed, 0 skipped"


def test_row_is_not_proven_if_one_of_its_tests_fails(project):
    edit(project / "test_it.py", "def test_two():\n    pass", "def test_two():\n    assert False")
    status, lines = run(project)
    assert status == 1
    assert "sheet: 1 of 3 rows proven, 0 deviate, 1 later" in lines
    assert "  not proven and not listed in tests/facts.toml: 2" in lines
    assert lines[-1] == "1 passed, 1 failed, 0 skipped"


def test_row_is_not_proven_if_one_of_its_tests_did_not_run(project):
    status, lines = run(project, "-k", "test_one")
    assert status == 1
    assert "  not proven and not listed in tests/facts.toml: 2" in lines


def test_row_that_no_test_carries_fails_the_run(project):
    edit(project / "facts.toml", '["1-3"]', '["1-5"]')
    status, lines = run(project)
    assert status == 1
    assert "  not proven and not listed in tests/facts.toml: 4-5" in lines
    assert lines[-1] == "2 passed, 0 failed, 0 skipped"


def test_row_listed_and_proven_all_the_same_fails_the_run(project):
    edit(project / "facts.toml", '3 = "next"', '"2-3" = "next"')
    status, lines = run(project)
    assert status == 1
    assert "  proven, so drop them from `deviations` or `later` in tests/facts.toml: 2" in lines


def test_mark_for_a_row_that_does_not_exist_is_refused(project):
    edit(project / "test_it.py", '"sheet", 2)', '"sheet", 41)')
    assert run(project)[0] == pytest.ExitCode.USAGE_ERROR


def test_skip_fails_the_run_unless_it_is_listed(project):
    edit(project / "test_it.py", "import pytest", "import pytest\n\n@pytest.mark.skip\ndef test_three():\n    pass")
    status, lines = run(project)
    assert status == 1
    assert "skipped, and not listed in tests/skips.txt: test_it.py::test_three" in lines
    assert lines[-1] == "2 passed, 0 failed, 1 skipped"
    (project / "skips.txt").write_text("test_it.py::test_three: needs a moon\n")
    assert run(project)[0] == 0


def test_file_that_does_not_import_counts_as_a_failure(project):
    (project / "test_broken.py").write_text("import there_is_no_such_module\n")
    status, lines = run(project)
    assert status != 0
    assert lines[-1] == "0 passed, 1 failed, 0 skipped"


def test_listed_skip_needs_a_reason(tmp_path):
    (tmp_path / "skips.txt").write_text("test_it.py::test_three\n")
    with pytest.raises(ValueError, match="gives no reason"):
        tally.read_listed_skips(tmp_path / "skips.txt")


def test_row_of_the_virtual_machine_is_required_there_and_only_there(project):
    edit(project / "facts.toml", '["1-3"]', '["1-5"]\nvm = ["4-5"]')
    assert run(project)[0] == 0
    status, lines = run(project, POPLIN_VM="1")
    assert status == 1
    assert "sheet: 0 of 2 rows proven, 0 deviate, 0 later" in lines
    assert "  not proven and not listed in tests/facts.toml: 4-5" in lines
    edit(project / "test_it.py", '"sheet", 1, 2)', '"sheet", 4, 5)')
    assert run(project, POPLIN_VM="1")[0] == 0


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize(
    ("variable", "file"), [("POPLIN_VM", "vm/test_vm_demo.py"), ("POPLIN_ENGINES", "engines/test_podman.py")]
)
def test_tests_that_need_more_than_the_usual_are_collected_there_and_only_there(variable, file, there):
    folder = f"tests/{file.partition('/')[0]}"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--collect-only", folder]
    env = {name: value for name, value in os.environ.items() if name != variable} | ({variable: "1"} if there else {})
    done = subprocess.run(command, cwd=TESTS.parent, env=env, text=True, stdout=subprocess.PIPE, timeout=60)
    assert done.returncode == (pytest.ExitCode.OK if there else pytest.ExitCode.NO_TESTS_COLLECTED)
    assert (f"tests/{file}::" in done.stdout) is there


def test_virtual_machine_must_prove_no_row_that_is_listed():
    section = {"rows": 40, "required": ["1-40"], "vm": ["5-8"], "deviations": {"5": "so"}, "later": {"6": "next"}}
    assert facts.read_sheet("sheet", section, in_vm=True).required == {7, 8}
    assert facts.read_sheet("sheet", section).required == {*range(1, 5), *range(9, 41)}


def test_summary_has_the_counts_the_failures_and_the_proven_rows(project):
    edit(project / "test_it.py", "def test_two():\n    pass", "def test_two():\n    assert 'moon' == 'sun'")
    run(project, "--summary", "summary.json")
    summary = json.loads((project / "summary.json").read_text())
    assert {key: summary[key] for key in ("passed", "failed", "skipped", "proven")} == {
        "passed": 1,
        "failed": 1,
        "skipped": 0,
        "proven": {"sheet": [1]},
    }
    (text,) = summary["failures"].values()
    assert list(summary["failures"]) == ["test_it.py::test_two"]
    assert "'moon' == 'sun'" in text


def test_summaries_add_up_and_a_missing_one_is_a_failure(tmp_path):
    for name, passed in (("one", 3), ("two", 4)):
        (tmp_path / name).write_text(json.dumps({"passed": passed, "failed": 0, "skipped": 1}))
    command = [sys.executable, TESTS / "tally.py", *(tmp_path / name for name in ("one", "two", "three"))]
    assert subprocess.check_output(command, text=True, timeout=60) == "7 passed, 1 failed, 2 skipped\n"


def test_what_failed_in_any_of_them_is_named_with_its_reason(tmp_path):
    text = (
        "def test_two():\n>   assert moon == sun\nE   AssertionError: assert 'moon' == 'sun'\nE     - sun\n\nt.py:7: no"
    )
    for name, failures in (("one", {"t.py::test_two": text}), ("two", {}), ("three", {"t.py::test_six": "killed"})):
        counts = {"passed": 3, "failed": len(failures), "skipped": 0, "failures": failures}
        (tmp_path / name).write_text(json.dumps(counts))
    command = [sys.executable, TESTS / "tally.py", *(tmp_path / name for name in ("one", "two", "three"))]
    assert subprocess.check_output(command, text=True, timeout=60).splitlines() == [
        "FAILED t.py::test_two: AssertionError: assert 'moon' == 'sun'",
        "FAILED t.py::test_six: no reason given",
        "9 passed, 2 failed, 0 skipped",
    ]


def test_a_sample_has_the_first_of_each_file_and_is_the_same_each_time_and_need_prove_no_row(project):
    (project / "test_many.py").write_text("\n".join(f"def test_{number}(): pass" for number in range(60)))
    status, lines = run(project, "--sample=8", "-vv")
    passed = [line.partition(" ")[0] for line in lines if " PASSED" in line]
    assert status == 0 and {"test_it.py::test_one", "test_many.py::test_0"} <= set(passed)
    assert 2 < len(passed) < 20
    assert lines[-1] == f"{len(passed)} passed, 0 failed, 0 skipped"
    assert [line.partition(" ")[0] for line in run(project, "--sample=8", "-vv")[1] if " PASSED" in line] == passed


def test_rows_read_and_print_as_ranges():
    assert facts.parse_rows("12") == {12}
    assert facts.parse_rows("12-14") == {12, 13, 14}
    assert facts.format_rows({3, 1, 2, 7}) == "1-3, 7"


def test_more_deviations_than_one_in_twenty_are_too_many():
    section = {"rows": 40, "required": ["1-40"], "deviations": {"1-2": "so"}, "later": {"3-40": "next"}}
    assert facts.read_sheet("sheet", section).problems() == []
    section["deviations"] = {"1-3": "so"}
    assert facts.read_sheet("sheet", section).problems() == ["3 deviations are more than 5% of the required rows"]


def test_section_that_names_a_row_the_sheet_lacks_is_refused():
    with pytest.raises(ValueError, match="sheet s has no row 5"):
        facts.read_sheet("s", {"rows": 4, "required": ["1-5"]})
