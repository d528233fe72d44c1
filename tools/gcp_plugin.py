"""Which gcp provider serves the stacks: Google Cloud's real plugin, or the local one of this repo.

The local provider is attached as a plugin in a plugin folder of its own, `.venv/pulumi-home`,
which tools/activate.sh hands to Pulumi. Of the three ways to attach one this is the fastest and
silent: an executable on PATH costs a warning per provider, a debug provider needs a daemon.
`python -m tools.gcp_plugin` prints `real` or `local`.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

PROGRAM = "pulumi-resource-gcp"
# Started by the plugin of a clone; the second is its name in older ones.
_LOCAL = (b"localgcp.provider", b"localcloud.provider")
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Plugin:
    """The plugin in use: `kind` is real or local."""

    kind: str
    description: str


def find(root: Path) -> Plugin:
    """Look where Pulumi looks: on PATH (outside this project), then in the user's plugin folder."""
    outside = [
        part
        for part in os.environ.get("PATH", "").split(os.pathsep)
        if part and not Path(part).resolve().is_relative_to(root)
    ]
    on_path = shutil.which(PROGRAM, path=os.pathsep.join(outside))
    if on_path and not _is_local(Path(on_path)):
        return Plugin("real", f"real, {on_path}")
    installed = _installed(root)
    if installed:
        return Plugin("real", f"real, {installed.name} of {installed.parent}")
    return Plugin("local", "local, works on loopback endpoints only")


def attach(root: Path) -> Plugin:
    """Put the local provider where Pulumi finds it, or take it away if there is a real plugin."""
    found = find(root)
    home = root / ".venv" / "pulumi-home"
    if found.kind == "real":
        shutil.rmtree(home, ignore_errors=True)
        return found
    program = home / "plugins" / f"resource-gcp-v{_wanted(root)}" / PROGRAM
    python = shlex.quote(str(root / ".venv" / "bin" / "python"))
    script = f'#!/bin/sh\nexec {python} -m localgcp.provider "$@"\n'
    if not (program.exists() and program.read_text() == script):
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(script)
        program.chmod(0o755)
    return found


def _installed(root: Path) -> Path | None:
    """The newest installed plugin that can serve this program's pulumi-gcp."""
    named = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    home = Path.home() / ".pulumi" if named.resolve().is_relative_to(root) else named
    programs = (home / "plugins").glob(f"resource-gcp-v*/{PROGRAM}")
    folders = [path.parent for path in programs if not _is_local(path)]
    newest = max(folders, key=lambda path: _numbers(path.name), default=None)
    if newest is None or _numbers(newest.name) < _numbers(_wanted(root)):
        return None
    return newest


def _is_local(program: Path) -> bool:
    """Whether a plugin is the local provider of another clone, from whose shell this one came."""
    with program.open("rb") as file:
        start = file.read(4096)
    return any(module in start for module in _LOCAL)


def _wanted(root: Path) -> str:
    """The version of pulumi-gcp that the program runs on."""
    pins = (root / "requirements.in").read_text()
    match = re.search(r"^pulumi-gcp==(\S+)", pins, re.MULTILINE)
    if match is None:
        raise ValueError("requirements.in does not pin pulumi-gcp")
    return match[1]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


if __name__ == "__main__":
    print(find(ROOT).kind)
