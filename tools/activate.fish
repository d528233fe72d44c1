# Source it from fish:  source tools/activate.fish
# What an activated environment is says eros/project/environment.py.

set -l root (path resolve (status dirname)/..)
if not test -x $root/.venv/bin/python
    echo "the environment is not ready: run make shell in $root" >&2
    return 1
end
$root/.venv/bin/python -I $root/eros/project/environment.py fish | source
if status is-interactive
    echo "EROS: "(python --version)", pulumi "(pulumi version)", gcp plugin "(cd $root; and python -m tools.gcp_plugin)
end
