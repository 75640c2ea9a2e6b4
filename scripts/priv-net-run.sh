#!/bin/sh
# Run a command in a private network namespace that has joined every network of /etc/cni/net.d (or $NETCONFPATH):
#
#     CNI_PATH=$PWD/bin ./priv-net-run.sh ifconfig
#
# The script of the CNI documents, under its name there. The same as `poplin run -- COMMAND`, and needs no .venv.
set -eu
top=$(dirname "$(dirname "$(readlink -f "$0")")")
exec /usr/bin/python3 -I -c '
import sys
sys.path.insert(0, sys.argv.pop(1))
from poplin.cli.main import main
sys.exit(main())' "$top" run -- "$@"
