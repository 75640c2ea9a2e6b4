"""What a plugin may rely on: the variables of the specification, and no more; and where it may write."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from poplin.conformance.bench import Bench, leave
from poplin.conformance.rules.verbs import tell_failure

PLACES = ("/run/", "/var/lib/", "/var/log/", "/var/cache/")
FOREIGN = "IgnoreUnknown=1;K8S_POD_NAMESPACE=conformance;CONFORMANCE=1"
TRAP = "/run/conformance-trap"
SPRUNG = f"{TRAP}/sprung"
IN_PYTHON = f"open({SPRUNG!r}, 'w').close()\n"
IN_SHELL = f": > {SPRUNG}\n"
IN_PERL = f"open(my $f, '>', '{SPRUNG}'); 1;\n"
TRAPS = {
    **{f"{name}.py": IN_PYTHON for name in ("sitecustomize", "usercustomize", "json", "os", "subprocess", "socket")},
    "profile.sh": IN_SHELL,
    "Trap.pm": IN_PERL,
    "trap.js": f"require('fs').writeFileSync({SPRUNG!r}, '')\n",
    "trap.rb": f"File.write({SPRUNG!r}, '')\n",
}
BAITS: dict[str, str | None] = {
    "PYTHONPATH": TRAP,
    "PYTHONSTARTUP": f"{TRAP}/json.py",
    "BASH_ENV": f"{TRAP}/profile.sh",
    "ENV": f"{TRAP}/profile.sh",
    "PERL5LIB": TRAP,
    "PERL5OPT": "-MTrap",
    "NODE_OPTIONS": f"--require {TRAP}/trap.js",
    "RUBYOPT": f"-r{TRAP}/trap.rb",
}


def bare_environment_is_enough(bench: Bench) -> Iterator[str]:
    """No PATH, no HOME."""
    bench.warm_up()
    yield from come_and_go(bench, {"PATH": None})


def working_directory_may_be_gone(bench: Bench) -> Iterator[str]:
    """The runtime's was removed."""
    bench.warm_up()
    leave("/run/conformance-gone")
    yield from come_and_go(bench, {})


def unknown_arguments_ignored(bench: Bench) -> Iterator[str]:
    """Those in CNI_ARGS that are for others."""
    bench.warm_up()
    yield from come_and_go(bench, {"CNI_ARGS": FOREIGN})


def nothing_written_elsewhere(bench: Bench) -> Iterator[str]:
    """After ADD, and after DEL; that /etc/cni is the administrator's is the one thing more."""
    container = bench.attach()
    written = list_elsewhere(bench)
    bench.delete(container)
    yield from dict.fromkeys([*written, *list_elsewhere(bench)])


def list_elsewhere(bench: Bench) -> list[str]:
    """Files that are in none of the folders for such."""
    found = [*bench.room.list_strays(), *bench.room.list_files()]
    return [path for path in found if not path.startswith(PLACES)]


def environment_cannot_inject(bench: Bench) -> Iterator[str]:
    """Nobody's variables have a plugin run their code: it is root who calls it. Nor does the working directory."""
    bench.warm_up()
    os.mkdir(TRAP)
    for name, text in TRAPS.items():
        Path(TRAP, name).write_text(text)
    os.chdir(TRAP)
    for baits in (BAITS, *({name: value} for name, value in BAITS.items())):
        container = bench.make_container()
        bench.call("ADD", container, environ=baits)
        bench.call("DEL", container)
        if not os.path.exists(SPRUNG):
            if baits is BAITS:
                return
            continue
        os.unlink(SPRUNG)
        if baits is not BAITS:
            yield f"{' '.join(f'{name}={value}' for name, value in baits.items())} has it run what is there"


def come_and_go(bench: Bench, environ: Mapping[str, str | None]) -> Iterator[str]:
    """ADD and DEL."""
    container = bench.make_container()
    answer = bench.call("ADD", container, environ=environ)
    container.result = answer.object if answer.is_success else None
    yield from tell_failure(answer, bench.call("DEL", container, environ=environ))
