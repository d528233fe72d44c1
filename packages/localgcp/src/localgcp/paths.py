"""The data folder of the local cloud: where it is, what lies in it, and whose it is."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localgcp.errors import LocalCloudError

PROJECT_ROOT = Path(__file__).resolve().parents[4]
# Folders of the local cloud are for their owner only.
PRIVATE = 0o700
_MARKER = ".eros-local-cloud"
_MARKER_TEXT = "Data of the EROS local cloud. `make clean` deletes this folder.\n"
# What may be there before the first start: made by activate.sh, by `pulumi`, by an operator.
_OURS = frozenset({_MARKER, "lock", "pulumi", "inbox", "logs"})


@dataclass(frozen=True)
class DataFolder:
    """One local cloud keeps everything it knows in one such folder."""

    root: Path

    @classmethod
    def from_environment(cls) -> DataFolder:
        """EROS_LOCAL_DIR, by default `.local` of the project."""
        named = os.environ.get("EROS_LOCAL_DIR")
        # Absolute, but with its links: one that leads to somebody else's folder must be seen.
        return cls(Path(named).expanduser().absolute() if named else PROJECT_ROOT / ".local")

    @property
    def endpoints(self) -> Path:
        """The URLs of the running servers; exists only while the cloud is up."""
        return self.root / "endpoints.json"

    @property
    def processes(self) -> Path:
        """Process, start time and port of each server; ports stay remembered after `down`."""
        return self.root / "processes.json"

    @property
    def lock(self) -> Path:
        """Held by the command that changes this cloud."""
        return self.root / "lock"

    def log(self, service: str) -> Path:
        """The output of a server."""
        return self.root / "logs" / f"{service}.log"

    @property
    def is_ours(self) -> bool:
        """Whether the local cloud made this folder."""
        return (self.root / _MARKER).is_file()

    @property
    def is_bare(self) -> bool:
        """Whether it only has the empty folder that tools/activate.sh makes for Pulumi."""
        return list(self.root.rglob("*")) == [self.root / "pulumi"]

    def prepare(self) -> None:
        """Create the folder and mark it.

        Raises LocalCloudError when it cannot be used or holds somebody else's files.
        """
        self._refuse_foreign_link()
        if "'" in str(self.root):
            raise LocalCloudError(
                f"DuckDB cannot keep data in a path with a quote: {self.root}",
                fix="name another folder with EROS_LOCAL_DIR",
            )
        try:
            self.root.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            strangers = sorted({path.name for path in self.root.iterdir()} - _OURS)
            if strangers and not self.is_ours:
                raise LocalCloudError(
                    f"{self.root} holds files that are not the local cloud's: {strangers[0]}",
                    fix="name an empty or new folder with EROS_LOCAL_DIR",
                )
            # Rows, notifications and state are for nobody else on this machine.
            self.root.chmod(PRIVATE)
            (self.root / _MARKER).write_text(_MARKER_TEXT)
            for name in ("bigquery", "gcs", "inbox", "logs", "pulumi"):
                (self.root / name).mkdir(mode=PRIVATE, exist_ok=True)
        except OSError as error:
            raise LocalCloudError(
                f"cannot write the data folder {self.root}: {error.strerror}",
                fix="name a writable folder with EROS_LOCAL_DIR",
            ) from error

    def _refuse_foreign_link(self) -> None:
        """What a link of ours leads to may be somebody's who waits for our data there."""
        if not self.root.is_symlink() or not self.root.exists():
            return
        owner = self.root.stat().st_uid
        if owner != os.geteuid():
            raise LocalCloudError(
                f"{self.root} is a link to {self.root.resolve()}, which belongs to user {owner}",
                fix="name a folder of your own with EROS_LOCAL_DIR",
            )

    def delete(self) -> None:
        """Delete the folder with all it holds.

        Raises LocalCloudError when it does not bear our marker.
        """
        if not self.is_ours:
            raise LocalCloudError(
                f"{self.root} is not deleted: it does not bear the local cloud's marker {_MARKER}",
                fix="delete it yourself if you mean to, or check EROS_LOCAL_DIR",
            )
        shutil.rmtree(self.root)


def write_json(path: Path, content: Any) -> None:
    """Replace `path` in one step, so that no reader sees half a file."""
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
    os.replace(draft, path)
