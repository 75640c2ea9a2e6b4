"""Print what makes a shell complete `poplin`: verbs, options, networks, namespaces, files.

bash   poplin completion bash > ~/.local/share/bash-completion/completions/poplin

zsh    poplin completion zsh > ~/.zsh/completions/_poplin, where $fpath has that folder

fish   poplin completion fish > ~/.config/fish/completions/poplin.fish
"""

from __future__ import annotations

import argparse

from poplin.cli.parser import make_whole_parser

SHELLS = ("bash", "zsh", "fish")
NETWORKS = {
    "bash": "_poplin_networks",
    "zsh": "_poplin_networks",
    "fish": "(poplin list --networks 2>/dev/null)",
}
# A list of networks ends with a namespace, and only who writes it knows where.
NAMESPACES = {
    "bash": "_poplin_namespaces",
    "zsh": "_poplin_namespaces",
    "fish": "(poplin list --networks 2>/dev/null; path filter /run/netns/*)",
}
TYPES = {"bash": "_poplin_types", "zsh": "_poplin_types", "fish": "(poplin schema 2>/dev/null)"}
PREAMBLE = {
    "bash": """\
_poplin_networks() { compgen -W "$(poplin list --networks 2>/dev/null)" -- "$1"; }
_poplin_types() { compgen -W "$(poplin schema 2>/dev/null)" -- "$1"; }
_poplin_namespaces() {
  case $1 in
    */*) compgen -f -- "$1" ;;
    *) _poplin_networks "$1"; compgen -W "$(compgen -G '/run/netns/*')" -- "$1" ;;
  esac
}
""",
    "zsh": """\
_poplin_networks() { compadd -- $(poplin list --networks 2>/dev/null) }
_poplin_types() { compadd -- $(poplin schema 2>/dev/null) }
_poplin_namespaces() { _poplin_networks; compadd -- /run/netns/*(N); _files }
""",
    "fish": "",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin completion`."""
    parser.add_argument("shell", choices=SHELLS)


def run(options: argparse.Namespace) -> int:
    """`poplin completion`."""
    print(complete(options.shell))
    return 0


def complete(shell: str) -> str:
    """The script for one shell."""
    import shtab  # here, as any other verb does without

    by_metavar = {
        "NETWORK": NETWORKS,
        "NETNS": NAMESPACES,
        "TYPE": TYPES,
        "FILE": shtab.FILE,
        "DIR": shtab.DIRECTORY,
    }
    parser = make_whole_parser()
    for verb in list_parsers(parser):
        actions = verb._actions  # argparse has no public way to list them
        ends_with_namespace = any(action.metavar == "NETNS" for action in actions)
        for action in actions:
            wanted = "NETNS" if action.metavar == "NETWORK" and ends_with_namespace else action.metavar
            if isinstance(wanted, str) and wanted in by_metavar and action.choices is None:
                action.complete = by_metavar[wanted]  # type: ignore[attr-defined]
    script: str = shtab.complete(parser, shell, preamble=PREAMBLE[shell])
    return script


def list_parsers(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """Those of the verbs, of one word or two."""
    found = []
    for action in parser._actions:
        for each in action.choices.values() if isinstance(action, argparse._SubParsersAction) else ():
            found += list_parsers(each) or [each]
    return found
