# shellcheck shell=bash
# Source it from bash or zsh, in any folder:  . tools/activate.sh
# The one place that says what an activated environment is.

if [ -n "${ZSH_VERSION:-}" ]; then
    _eros_root=$(eval 'cd -- "$(dirname -- "${(%):-%x}")/.." && pwd -P')
else
    _eros_root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
fi

if [ ! -x "$_eros_root/.venv/bin/python" ]; then
    echo "the environment is not ready: run make shell in $_eros_root" >&2
    unset _eros_root
    return 1
fi

# .venv/bin also holds links to Pulumi where it is not installed on the machine.
case ":$PATH:" in
*":$_eros_root/.venv/bin:"*) ;;
*) export PATH="$_eros_root/.venv/bin:$PATH" ;;
esac
export VIRTUAL_ENV="$_eros_root/.venv"
unset PYTHONHOME

# What an earlier activation set, perhaps of another clone, is not your own setting.
if [ -n "${EROS_BACKEND_URL:-}" ] && [ "${PULUMI_BACKEND_URL:-}" = "$EROS_BACKEND_URL" ]; then
    unset PULUMI_BACKEND_URL
fi
if [ -n "${EROS_PULUMI_HOME:-}" ] && [ "${PULUMI_HOME:-}" = "$EROS_PULUMI_HOME" ]; then
    unset PULUMI_HOME PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION
fi

# Relative to where it was named; every later command runs in a folder of its own.
case "${EROS_LOCAL_DIR:-/}" in
/*) ;;
*) export EROS_LOCAL_DIR="$PWD/$EROS_LOCAL_DIR" ;;
esac

# Stacks are kept in the local cloud's data folder until you name another backend.
if [ -z "${PULUMI_BACKEND_URL:-}" ]; then
    # A folder that you name is made by `eros local up`, once it is known to be ours.
    [ -n "${EROS_LOCAL_DIR:-}" ] || mkdir -p "$_eros_root/.local/pulumi"
    export PULUMI_BACKEND_URL="file://${EROS_LOCAL_DIR:-$_eros_root/.local}/pulumi"
    export EROS_BACKEND_URL="$PULUMI_BACKEND_URL"
    # A plugin folder with the local gcp provider, there only where the real plugin is not
    # (tools/gcp_plugin.py). With another backend your own Pulumi folder and login count.
    if [ -d "$_eros_root/.venv/pulumi-home" ] && [ -z "${PULUMI_HOME:-}" ]; then
        export PULUMI_HOME="$_eros_root/.venv/pulumi-home"
        export EROS_PULUMI_HOME="$PULUMI_HOME"
        export PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true
    fi
fi
# The local stack has no secret; stacks that do use another secrets provider or a passphrase.
if [ -z "${PULUMI_CONFIG_PASSPHRASE+set}" ] && [ -z "${PULUMI_CONFIG_PASSPHRASE_FILE:-}" ]; then
    export PULUMI_CONFIG_PASSPHRASE=
fi
export PULUMI_SKIP_UPDATE_CHECK=true
# Without bytecode every start compiles its imports again: twice the time of a preview.
unset PYTHONDONTWRITEBYTECODE

case $- in
*i*) echo "EROS: $(python --version), pulumi $(pulumi version), gcp plugin $(cd "$_eros_root" && python -m tools.gcp_plugin)" ;;
esac
unset _eros_root
