"""A Pulumi engine for this project: Pulumi's own where there is one, else built from Go modules.

`.venv/bin` gets links to an engine that is not on PATH, so an activated environment is enough.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from tools import go_build, official, toolchain_cache
from tools.console import ToolchainError, say
from tools.exclusive_lock import exclusive


@dataclass(frozen=True)
class Engine:
    """The engine in use and whether this run changed it."""

    description: str
    changed: bool


def ensure(root: Path) -> Engine:
    """Find, fetch or build the engine and link it into `.venv/bin`.

    Raises ToolchainError when there is no way to one.
    """
    binaries = root / ".venv" / "bin"
    installed = official.installed(_path_without(binaries))
    if installed:
        return Engine(f"official, {installed}", _link(installed, binaries))
    try:
        folder = _cached(root)
    except OSError as error:
        raise ToolchainError(
            f"cannot write the toolchain cache {error.filename}: {error.strerror}\n"
            "  fix: name a writable folder with XDG_CACHE_HOME"
        ) from error
    return Engine(folder.name, _link(folder, binaries))


def _path_without(binaries: Path) -> str:
    """PATH without our own links, which would make a built engine look official."""
    parts = os.environ.get("PATH", "").split(os.pathsep)
    return os.pathsep.join(part for part in parts if part and Path(part) != binaries)


def _cached(root: Path) -> Path:
    downloaded = toolchain_cache.folder() / f"pulumi-{official.VERSION}-official"
    built = toolchain_cache.folder() / f"pulumi-{go_build.CLI_VERSION}-{modules_digest(root)}"
    ready = _ready(downloaded, built)
    if ready:
        return ready

    def waiting() -> None:
        say("Pulumi: another process is building it, waiting")

    with exclusive(toolchain_cache.folder() / "lock", waiting):
        return _ready(downloaded, built) or _obtain(root, downloaded, built)


def _ready(*folders: Path) -> Path | None:
    """The first complete folder; folders appear in one step, so one that is there is complete."""
    return next((folder for folder in folders if folder.is_dir()), None)


def _obtain(root: Path, downloaded: Path, built: Path) -> Path:
    if official.may_download():
        try:
            with toolchain_cache.assembled(downloaded) as draft:
                official.download(draft)
            return downloaded
        except official.UnavailableError as reason:
            say(f"Pulumi: {reason}")
    with toolchain_cache.assembled(built) as draft:
        go_build.build(root / "tools", draft)
        if official.version_of(draft / "pulumi") is None:
            raise ToolchainError("the Pulumi CLI was built but does not run")
    return built


def modules_digest(root: Path) -> str:
    """Digest of the Go modules that the engine is built from."""
    digest = hashlib.sha256()
    for module in ("pulumi-cli", "pulumi-language-python"):
        for name in ("go.mod", "go.sum"):
            digest.update((root / "tools" / module / name).read_bytes())
    return digest.hexdigest()[:12]


def _link(folder: Path, binaries: Path) -> bool:
    """Point `.venv/bin` at the programs of `folder`; True when a link changed."""
    changed = False
    for name in official.PROGRAMS:
        link, target = binaries / name, folder / name
        if link.is_symlink() and link.readlink() == target:
            continue
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        changed = True
    return changed
