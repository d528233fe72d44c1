"""The environment of the project's commands (docs/decisions/019-environment.md).

`eros` puts its own toolchain in front by itself, from a cron line or an editor too; a command
on the local stack does not see what the person has set for other clouds and other backends.

Run as a program it prints what a shell is to evaluate (tools/activate.sh, tools/activate.fish).
It imports nothing outside of the standard library: it runs before anything else works.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

_BESIDE = Path(__file__).resolve().parents[2]
IS_INSTALLED = not (_BESIDE / "Pulumi.yaml").is_file()
"""Whether this comes from a wheel, not from a checkout."""
ROOT = Path.cwd() if IS_INSTALLED else _BESIDE
"""The checkout; for an installed package the folder that the command is called in."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Of Pulumi's variables a command on the local stack takes these; all others are the person's
# settings for other stacks: a backend, a login, a passphrase, options of `up`.
_PULUMI_KEPT = frozenset(
    {
        "PULUMI_AUTOMATION_API",
        "PULUMI_DEBUG_COMMANDS",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION",
        "PULUMI_HOME",
        "PULUMI_SKIP_UPDATE_CHECK",
    }
)
# What the gcp plugin and Google's clients read to find a project, a place, an identity or another
# address. The local stack says all of it itself.
_GOOGLE_PREFIXES = ("GOOGLE_", "GCLOUD_", "GCP_", "CLOUDSDK_")
_GOOGLE = frozenset({"USER_PROJECT_OVERRIDE", "BIGQUERY_EMULATOR_HOST", "STORAGE_EMULATOR_HOST"})
# The pulumi-gcp package writes these into the provider's inputs, where the next person's
# preview finds a change.
STACK_PLACE = (
    "GOOGLE_REGION",
    "GCLOUD_REGION",
    "CLOUDSDK_COMPUTE_REGION",
    "GOOGLE_ZONE",
    "GCLOUD_ZONE",
    "CLOUDSDK_COMPUTE_ZONE",
)


def activated(environ: Mapping[str, str], root: Path = ROOT) -> dict[str, str]:
    """The environment with this clone's toolchain in front; what the person has set stays."""
    new = dict(environ)
    own = str(root / ".venv" / "bin")
    # .venv/bin also holds links to Pulumi where it is not installed on the machine.
    others = [part for part in new.get("PATH", os.defpath).split(os.pathsep) if part != own]
    new["PATH"] = os.pathsep.join([own, *others])
    new["VIRTUAL_ENV"] = str(root / ".venv")
    # Without bytecode every start compiles its imports again: twice the time of a preview.
    for name in ("PYTHONHOME", "PYTHONDONTWRITEBYTECODE"):
        new.pop(name, None)
    _forget_activation(new)
    if new.get("EROS_LOCAL_DIR"):
        # Relative to where it was named; every later command runs in a folder of its own.
        new["EROS_LOCAL_DIR"] = os.path.abspath(new["EROS_LOCAL_DIR"])
    if not new.get("PULUMI_BACKEND_URL"):
        # Stacks are kept in the local cloud's data folder until you name another backend.
        new["PULUMI_BACKEND_URL"] = new["EROS_BACKEND_URL"] = _local_backend(new, root)
        if not new.get("PULUMI_HOME"):
            _attach_local_plugin(new, root)
    # The local stack has no secret; others use another secrets provider or a passphrase.
    if not new.get("PULUMI_CONFIG_PASSPHRASE_FILE"):
        new.setdefault("PULUMI_CONFIG_PASSPHRASE", "")
    new["PULUMI_SKIP_UPDATE_CHECK"] = "true"
    return _without_loopback_proxy(new)


def local(environ: Mapping[str, str], root: Path = ROOT) -> dict[str, str]:
    """The environment of a command on the local stack: nothing of it leads elsewhere.

    EROS_LOCAL_BACKEND_URL names another folder (`file://…`) for the local stack's state.
    """
    new = {
        name: value
        for name, value in environ.items()
        if not (name.startswith("PULUMI_") and name not in _PULUMI_KEPT)
        and not name.startswith(_GOOGLE_PREFIXES)
        and name not in _GOOGLE
    }
    new["PULUMI_BACKEND_URL"] = environ.get("EROS_LOCAL_BACKEND_URL") or _local_backend(new, root)
    new["PULUMI_CONFIG_PASSPHRASE"] = ""
    _attach_local_plugin(new, root)
    return _without_loopback_proxy(new)


def use(environ: Mapping[str, str]) -> None:
    """Make this the environment of the process and of those that it starts."""
    for name in set(os.environ) - set(environ):
        del os.environ[name]
    os.environ.update(environ)


def prepare(root: Path = ROOT) -> None:
    """Make this process an activated one, if its Python is the clone's own."""
    own = Path(sys.prefix).resolve() == (root / ".venv").resolve()
    use(activated(os.environ, root) if own else _without_loopback_proxy(os.environ))


def prepare_program() -> None:
    """What the Pulumi program needs: loopback without a proxy, and nobody's region or zone.

    No resource of the stack takes a place from the provider.
    """
    new = _without_loopback_proxy(os.environ)
    use({name: value for name, value in new.items() if name not in STACK_PLACE})


def _forget_activation(new: dict[str, str]) -> None:
    """What an earlier activation set, perhaps of another clone, is not the person's setting."""
    backend, home = new.pop("EROS_BACKEND_URL", None), new.pop("EROS_PULUMI_HOME", None)
    if backend and new.get("PULUMI_BACKEND_URL") == backend:
        del new["PULUMI_BACKEND_URL"]
    if home and new.get("PULUMI_HOME") == home:
        del new["PULUMI_HOME"]
        new.pop("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", None)


def _local_backend(environ: Mapping[str, str], root: Path) -> str:
    return f"file://{environ.get('EROS_LOCAL_DIR') or root / '.local'}/pulumi"


def _attach_local_plugin(new: dict[str, str], root: Path) -> None:
    """Use the folder with the local gcp provider, there only where no real plugin is found."""
    home = root / ".venv" / "pulumi-home"
    if home.is_dir():
        new["PULUMI_HOME"] = new["EROS_PULUMI_HOME"] = str(home)
        new["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"


def _without_loopback_proxy(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment with no proxy between this machine and itself.

    Programs differ in which spelling they read; whoever reads both takes the small one first.
    """
    new = dict(environ)
    named = new.get("no_proxy") or new.get("NO_PROXY") or ""
    hosts = [host.strip() for host in named.split(",") if host.strip()]
    if "*" not in hosts:
        hosts += [host for host in _LOOPBACK if host not in hosts]
    new["no_proxy"] = new["NO_PROXY"] = ",".join(hosts)
    return new


def shell_lines(before: Mapping[str, str], after: Mapping[str, str], shell: str) -> list[str]:
    """Assignments that turn one environment into the other, in the shell's language."""
    gone = sorted(set(before) - set(after))
    changed = sorted(name for name, value in after.items() if before.get(name) != value)
    if shell == "fish":
        values = {name: _fish_words(name, after[name]) for name in changed}
        return [f"set -e {name}" for name in gone] + [
            f"set -gx {name} {values[name]}" for name in changed
        ]
    return [f"unset {name}" for name in gone] + [
        f"export {name}={shlex.quote(after[name])}" for name in changed
    ]


def _fish_words(name: str, value: str) -> str:
    # A path is a list in fish.
    parts = value.split(os.pathsep) if name == "PATH" else [value]
    return " ".join("'" + p.replace("\\", "\\\\").replace("'", "\\'") + "'" for p in parts)


def main() -> None:
    """Print the activation for the shell named by the first argument: sh or fish."""
    # A folder that the person names is made by `eros local up`, once it is known to be ours.
    if not os.environ.get("EROS_LOCAL_DIR"):
        for folder in (ROOT / ".local", ROOT / ".local" / "pulumi"):
            folder.mkdir(mode=0o700, exist_ok=True)
    after = activated(os.environ)
    print("\n".join(shell_lines(os.environ, after, sys.argv[1])))


if __name__ == "__main__":
    main()
