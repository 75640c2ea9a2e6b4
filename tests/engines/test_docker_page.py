"""The how-to page docs/howto/docker.md: every command works as it is shown, with a docker daemon for the page alone."""

from __future__ import annotations

from pathlib import Path

from docs.readme import CHECKOUT, PRIVATE, find_shown, has_printed, run_session
from engines.docker import LIMITS, UNPACKED
from engines.groups import remove_groups

PLACES = (*PRIVATE, "/etc/docker", "/run/containerd", "/run/docker", "/var/lib/docker")
GROUP = "poplin-docker-page"
DAEMON = f"dockerd --storage-driver=vfs --cgroup-parent=/{GROUP} {' '.join(LIMITS)}"
PREPARATION = (
    f"PATH={UNPACKED}/sbin:{UNPACKED}/bin:$PATH",
    "export DOCKER_CONFIG=/run/docker/config",
    f"export DOCKER_HOST=unix:///run/docker/docker.sock; {DAEMON} --host=$DOCKER_HOST --pidfile=/run/docker/pid &",
    "until docker version; do sleep 0.1; done",
)
END = ("kill $(cat /run/docker/pid); while [ -e /run/docker/pid ]; do sleep 0.1; done",)
EXEMPT = ("apt-get install",)  # scripts/engines has unpacked it


def test_page_is_true(tmp_path: Path) -> None:
    page = find_shown((CHECKOUT / "docs" / "howto" / "docker.md").read_text())
    shown = [item for item in page if not item.command.startswith(EXEMPT)]
    try:
        ran = run_session([*PREPARATION, *(item.command for item in shown), *END], tmp_path, places=PLACES)
    finally:
        remove_groups(GROUP)
    done = ran[len(PREPARATION) : -len(END)]
    assert [(item, each) for item, each in zip(shown, done, strict=True) if not has_printed(item, each)] == []
