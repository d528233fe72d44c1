#!/bin/sh
# Prepares the working environment: finds a Python, then tools/bootstrap.py does the rest.
# Options: EROS_PYTHON=path of the Python to use, EROS_OFFLINE=1 no download but from registries.
set -eu
cd "$(dirname "$0")/.."

# A shim (pyenv, asdf) can be there and fail: only a Python that runs and has what a
# virtual environment needs counts. -I: no PYTHONPATH or user site in the way.
probe='
import sys
if not (3, 13) <= sys.version_info[:2] < (3, 16):
    sys.exit("is %d.%d" % sys.version_info[:2])
import ensurepip, sqlite3, ssl, venv
print(sys.executable)'
looked=

try() {
    command -v "$1" >/dev/null 2>&1 || return 1
    if answer=$("$1" -I -c "$probe" 2>&1); then
        exec "$answer" -m tools.bootstrap
    fi
    looked="$looked
  $1: $(printf '%s\n' "$answer" | tail -n 1)"
    return 1
}

if [ -n "${EROS_PYTHON:-}" ]; then
    try "$EROS_PYTHON" || true
    echo "EROS_PYTHON=$EROS_PYTHON is not a complete Python 3.13, 3.14 or 3.15:$looked" >&2
    exit 1
fi

for candidate in .venv/bin/python python3.13 python3.14 python3.15 python3 python \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[3-5]*/bin/python; do
    try "$candidate" || true
done

if command -v uv >/dev/null 2>&1; then
    wanted='>=3.13,<3.16'
    if ! answer=$(uv python find --no-project "$wanted" 2>/dev/null) && [ "${EROS_OFFLINE:-0}" != 1 ]; then
        echo "Python: none found, installing 3.13 with uv"
        uv python install --quiet 3.13 || true
        answer=$(uv python find --no-project "$wanted" 2>/dev/null) || true
    fi
    [ -z "$answer" ] || try "$answer" || true
fi

cat >&2 <<END
No complete Python 3.13, 3.14 or 3.15 (with ensurepip, ssl and sqlite3) was found. Looked at
python3.13 to python3.15, python3 and python on PATH, pyenv's versions and uv:${looked:-
  none of them is there}
  fix: pyenv install 3.13, or uv python install 3.13, or your system's python3.13 and
       python3.13-venv packages; or name one with EROS_PYTHON=/path/to/python
END
exit 1
