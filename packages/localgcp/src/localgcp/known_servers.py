"""What the supervisor remembers of each server between two commands."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field

from localgcp import processes
from localgcp.errors import LocalCloudError
from localgcp.paths import DataFolder, write_json


@dataclass(frozen=True)
class Record:
    """One server. `pid` and `started` are None after `down`; the ports stay remembered."""

    port: int
    ports: dict[str, int] = field(default_factory=dict)
    pid: int | None = None
    started: str | None = None
    fingerprint: str = ""

    @property
    def is_running(self) -> bool:
        """Whether the very process that we started still runs."""
        return (
            self.pid is not None
            and self.started is not None
            and processes.is_running(self.pid, self.started)
        )

    @property
    def stopped(self) -> Record:
        """The same server without a process."""
        return dataclasses.replace(self, pid=None, started=None)


def load(folder: DataFolder) -> dict[str, Record]:
    """The records by service name; none for a new folder.

    Raises LocalCloudError when the file is not what `save` writes.
    """
    try:
        content = json.loads(folder.processes.read_text())
        return {name: Record(**values) for name, values in content.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError) as error:
        raise LocalCloudError(
            f"{folder.processes} cannot be read: {error}",
            fix="end its servers by hand if any run, then delete that file",
        ) from error


def save(folder: DataFolder, records: dict[str, Record]) -> None:
    """Write all records in one step."""
    write_json(
        folder.processes, {name: dataclasses.asdict(record) for name, record in records.items()}
    )
