#!/bin/sh
# Regenerates requirements.txt from requirements.in: every platform, with hashes, without addresses.
set -eu
cd "$(dirname "$0")/.."
.venv/bin/uv pip compile requirements.in --output-file requirements.txt \
    --override tools/overrides.txt --universal --python-version 3.13 --generate-hashes \
    --no-emit-index-url --no-annotate --quiet \
    --custom-compile-command "make lock"
echo "requirements.txt: $(grep -c '==' requirements.txt) packages"
