"""`poplin doctor --only configuration`: what `poplin validate` says, a finding for each file."""

from __future__ import annotations

from typing import Any

CHECK = "configuration"


def test_a_file_that_is_refused(clinic: Any) -> None:
    file = clinic.configure(clinic.bridge("10.22.0.1/16"), {"type": "portmap", "snat": "yes"})
    found = clinic.find_one(CHECK, "error")
    assert found["text"] == (
        f"{file} is wrong: plugins[0].ipam.subnet: invalid range set 0; network 10.22.0.1/16 has host bits set; the "
        "network address is 10.22.0.0, and 1 more"
    )
    assert [text.partition(": ")[0].startswith(f"{file}:1:") for text in found["evidence"]] == [True, True]
    assert found["mend"] == f'"${{EDITOR:-vi}}" {file}'
    clinic.cure(CHECK, found, **clinic.decide("10.22.0.1", "10.22.0.0"))


def test_what_has_no_effect_is_a_note(clinic: Any) -> None:
    file = clinic.configure(clinic.bridge(isGatway=True))
    found = clinic.find_one(CHECK)
    assert found["severity"] == "note"
    assert found["text"] == (
        f"{file} says what has no effect: plugins[0].isGatway: the plugin does not know it and ignores it; did you "
        "mean 'isGateway'?"
    )
    clinic.cure(CHECK, found, **clinic.decide(', "isGatway": true', ""))


def test_a_file_that_is_no_json(clinic: Any) -> None:
    (clinic.config_dir / "bad.conflist").write_text('{"name": "x",}')
    found = clinic.find_one(CHECK)
    assert found["severity"] == "error"
    assert clinic.visit().status == 4, "the other checks go on without it"


def test_a_missing_plugin_is_told_once_by_the_check_that_knows_how_to_install_it(clinic: Any) -> None:
    clinic.configure(clinic.bridge(), {"type": "nosuch"})
    visit = clinic.visit(CHECK, "plugins")
    assert (visit.find(CHECK), len(visit.find("plugins"))) == ([], 1)


def test_a_file_that_cannot_be_read_hides_no_other(clinic: Any) -> None:
    for name in ("a", "z"):
        (clinic.config_dir / f"{name}.conflist").write_text("{")
    (clinic.config_dir / "m.conflist").symlink_to("/nowhere")
    visit = clinic.visit(CHECK)
    assert [each["text"].split()[0] for each in visit.find(CHECK, "error")] == [
        f"{clinic.config_dir}/a.conflist",
        f"{clinic.config_dir}/z.conflist",
    ]
    unseen = f"cannot read {clinic.config_dir}/m.conflist; No such file or directory"
    assert visit.report["unseen"] == [{"check": CHECK, "text": unseen}]
    assert visit.status == 4


def test_a_file_that_cannot_be_read_is_a_status_of_its_own(clinic: Any) -> None:
    (clinic.config_dir / "m.conflist").symlink_to("/nowhere")
    visit = clinic.visit(CHECK)
    assert (visit.status, visit.report["findings"]) == (1, [])


def test_no_folder_is_a_note(clinic: Any) -> None:
    """As it may be that nobody has configured anything yet, or that the name is wrong."""
    folder = clinic.folder / "elsewhere"
    clinic.environ["NETCONFPATH"] = str(folder)
    found = clinic.find_one(CHECK)
    assert found == {
        "check": CHECK,
        "severity": "note",
        "text": f"no network is configured, as there is no folder {folder}",
        "evidence": [f"{folder}: not there"],
        "mend": f"mkdir -p {folder}",
    }
    assert clinic.visit(CHECK).status == 0
    clinic.cure(CHECK, found)
    assert clinic.find(CHECK) == []


def test_a_file_in_place_of_the_folder_is_a_note(clinic: Any) -> None:
    file = clinic.configure(clinic.bridge())
    clinic.environ["NETCONFPATH"] = str(file)
    found = clinic.find_one(CHECK)
    assert found["severity"] == "note"
    assert found["text"] == f"no network is configured, as {file} is no folder; have NETCONFPATH name one"
    assert found["mend"] == ""
