#!/bin/sh
# Run a container of docker or podman that has joined every network of /etc/cni/net.d (or $NETCONFPATH):
#
#     CNI_PATH=$PWD/bin ./docker-run.sh --rm busybox:latest ifconfig
#
# The script of the CNI documents, under its name there. The same as `poplin run --engine docker -- ARGUMENTS`, and
# needs no .venv. The engine is $POPLIN_ENGINE, or what is installed: docker, else podman.
set -eu
top=$(dirname "$(dirname "$(readlink -f "$0")")")
engine=${POPLIN_ENGINE:-$(command -v docker || command -v podman || echo docker)}
exec /usr/bin/python3 -I -c '
import sys
sys.path.insert(0, sys.argv.pop(1))
from poplin.cli.main import main
sys.exit(main())' "$top" run --engine "$engine" -- "$@"
