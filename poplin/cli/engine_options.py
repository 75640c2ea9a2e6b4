"""What stands after `--` for an engine's `run`, as far as we must understand it: options that we have instead.

podman takes some of them for a container that joins a namespace, and does nothing about them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

PUBLISH = "ports are the networks' affair: write `poplin run --publish 8080:80 ... --`"
NETWORK = "name networks before the `--`: `poplin run --engine ENGINE mynet -- ...`"
RESTART = "its networks end with it, and nobody attaches it again; restart `poplin run` instead, as a service"
# Options, and what to do without them.
REFUSED = {
    **dict.fromkeys(("-p", "--publish", "-P", "--publish-all"), PUBLISH),
    **dict.fromkeys(("--network", "--net"), NETWORK),
    "--restart": RESTART,
}
HARMLESS = {"--restart": ("no", "")}

# Options without a value, docker's and podman's: after others the next word is no image.
FLAGS = frozenset(
    (
        *("--detach", "--disable-content-trust", "--env-host", "--help", "--http-proxy", "--init", "--interactive"),
        *("--no-healthcheck", "--no-hostname", "--no-hosts", "--oom-kill-disable", "--passwd", "--privileged"),
        *("--publish-all", "--quiet", "--read-only", "--read-only-tmpfs", "--replace", "--rm", "--rmi", "--rootfs"),
        *("--sig-proxy", "--tls-verify", "--tty", "--unsetenv-all", "--use-api-socket"),
        *("-P", "-d", "-i", "-q", "-t"),
    )
)


def find_refusal(arguments: Sequence[str]) -> str | None:
    """What is wrong with the arguments of an engine's `run`, if anything is."""
    for option, value in list_options(arguments):
        if option in REFUSED and value not in HARMLESS.get(option, ()):
            return f"{option} is not for a container that `poplin run` attaches; {REFUSED[option]}"
    return None


def list_options(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each with its value, as far as the image."""
    words = iter(arguments)
    for word in words:
        if word in ("-", "--") or not word.startswith("-"):
            return
        if word.startswith("--"):
            option, equals, value = word.partition("=")
            yield option, value if equals or option in FLAGS else next(words, "")
        else:
            yield from list_letters(word[1:], words)


def list_letters(letters: str, words: Iterator[str]) -> Iterator[tuple[str, str]]:
    """`-dp 8080:80` is `-d -p 8080:80`, and so is `-dp8080:80`."""
    for at, letter in enumerate(letters, 1):
        option = f"-{letter}"
        if option not in FLAGS:
            yield option, letters[at:].removeprefix("=") or next(words, "")
            return
        yield option, ""
