#!/usr/bin/env bash
# Prints the path of a Chromium or Chrome. Installs Debian's package where that is possible
# without asking: as root, with apt-get. Otherwise says what to install and exits with 1.
set -euo pipefail

find_browser() {
    local name
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        if command -v "$name"; then
            return 0
        fi
    done
    # macOS keeps applications outside PATH.
    for name in "Google Chrome" Chromium; do
        if [ -x "/Applications/$name.app/Contents/MacOS/$name" ]; then
            echo "/Applications/$name.app/Contents/MacOS/$name"
            return 0
        fi
    done
    return 1
}

find_browser && exit 0

if [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    if { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >&2; then
        find_browser && exit 0
    fi
fi

echo "no Chromium or Chrome on PATH: install one, on Debian with apt-get install chromium" >&2
exit 1
