#!/usr/bin/env bash
# Runs a command in the project's environment, whatever shell or editor asks: for the hooks.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/activate.sh
exec "$@"
