"""Every command the README shows works, or is named here with the reason why it is not run."""

from __future__ import annotations

from docs.readme import CHECKOUT, find_commands, run_session

# The beginning of a command -> why the test does not run it.
EXEMPT = {
    "git clone": "it fetches this very repository",
    "cd poplin": "it enters the clone; the test is in a checkout already",
    "./scripts/setup": "it installs packages from the network; scripts/test has run it before this test",
    "./scripts/test": "it is what runs this test",
    "./scripts/check": "its parts run beside this test",
}

EXAMPLE = """\
Try it:

```console
$ echo one
one
$ cat <<END
> two
> END
two
```

```json
$ not a command
```

```sh
$ false
```
"""


def test_commands_are_what_follows_the_prompt_in_console_blocks():
    assert find_commands(EXAMPLE) == ["echo one", "cat <<END\ntwo\nEND", "false"]


def test_session_keeps_state_and_reports_each_command(tmp_path):
    ran = run_session(["x=1", "echo $x; pwd", "cat <<END\ntwo\nEND", "sudo ls /etc/cni", "false"], tmp_path)
    assert [(item.status, item.output) for item in ran] == [
        (0, ""),
        (0, f"1\n{CHECKOUT}\n"),
        (0, "two\n"),
        (0, ""),
        (1, ""),
    ]


def test_commands_of_the_readme_work(tmp_path):
    commands = find_commands((CHECKOUT / "README.md").read_text())
    run = [command for command in commands if not command.removeprefix("sudo ").startswith(tuple(EXEMPT))]
    failed = [item for item in run_session(run, tmp_path) if item.status != 0]
    assert failed == []
