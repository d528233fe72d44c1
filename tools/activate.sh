# shellcheck shell=sh
# Source it from sh, bash, zsh or ksh:  . tools/activate.sh   (fish: source tools/activate.fish)
# What an activated environment is says eros/project/environment.py.

if [ -n "${BASH_VERSION:-}" ]; then
    # shellcheck disable=SC3028,SC3054,SC2128  # bash only: the first element is this file
    _eros_root=$(CDPATH='' cd -- "$(dirname -- "$BASH_SOURCE")/.." && pwd -P)
elif [ -n "${ZSH_VERSION:-}" ]; then
    _eros_root=$(eval 'cd -- "$(dirname -- "${(%):-%x}")/.." && pwd -P')
else
    # Other shells do not tell a sourced file its name: this folder or one above.
    _eros_root=$(pwd -P)
    while [ ! -f "$_eros_root/tools/activate.sh" ] && [ -n "$_eros_root" ]; do
        _eros_root=${_eros_root%/*}
    done
fi

if [ -z "$_eros_root" ]; then
    echo "activate.sh: this shell does not say where the file lies: cd to the project first" >&2
    unset _eros_root
    return 1
fi
if [ ! -x "$_eros_root/.venv/bin/python" ]; then
    echo "the environment is not ready: run make shell in $_eros_root" >&2
    unset _eros_root
    return 1
fi

if ! _eros_lines=$("$_eros_root/.venv/bin/python" -I "$_eros_root/eros/project/environment.py" sh); then
    unset _eros_root _eros_lines
    return 1
fi
eval "$_eros_lines"
unset _eros_lines

case $- in
*i*) echo "EROS: $(python --version), pulumi $(pulumi version), gcp plugin $(cd "$_eros_root" && python -m tools.gcp_plugin)" ;;
esac
unset _eros_root
