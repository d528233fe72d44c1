#!/usr/bin/env bash
# What can be said about security without a network: code, secrets, licences. `make security`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/activate.sh

# The rules of Bandit, as ruff has them. Left out: asserts; programs that are started, all without a
# shell; words that look like passwords (detect-secrets knows better); addresses from our own
# constants; templates, none of which makes HTML; names of tables in SQL text, which cannot be
# parameters and are checked by pattern (eros/project/settings.py), while values always are.
ruff check --quiet --select S --ignore S101,S105,S310,S603,S607,S608,S701 \
    __main__.py components dev eros packages/*/src policy tools

# Every file that git has or would take. .secrets.baseline says which kinds are looked for.
git ls-files -z --cached --others --exclude-standard -- . ':!requirements.txt' ':!*.svg' ':!*/go.sum' |
    while IFS= read -r -d '' file; do
        [ ! -f "$file" ] || printf '%s\0' "$file"
    done |
    xargs -0 detect-secrets-hook --baseline .secrets.baseline

# Nothing that would bind whoever uses this project.
pip-licenses --from=mixed --partial-match --format=plain --ignore-packages bqstack eros erosbuilder gcptypes localgcp \
    --allow-only='MIT;Apache;BSD;ISC;MPL;Mozilla Public License;Python Software Foundation;PSF' \
    >/dev/null

echo "security: clean"
