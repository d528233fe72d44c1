"""Ports on the loopback address: which are free and which one a folder gets."""

from __future__ import annotations

import json
import socket
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path

from localgcp.paths import write_json

HOST = "127.0.0.1"
# Names the file in which a BigQuery says its ports once it listens.
ANNOUNCED = "EROS_LOCAL_PORTS_FILE"
# Below the range from which systems lend ports to outgoing connections, so that a port
# remembered today is rarely taken tomorrow.
_FIRST, _COUNT = 20_000, 10_000


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        # As servers do: connections of the last server that linger are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def choose(folder: Path, taken: Collection[int]) -> int:
    """A free port that is not in `taken`; each folder begins its search somewhere else."""
    return next(port for port in _candidates(folder) if port not in taken and is_free(port))


def _candidates(folder: Path) -> Iterator[int]:
    start = zlib.crc32(str(folder).encode())
    return (_FIRST + (start + step) % _COUNT for step in range(_COUNT))


def announce(path: Path, rest: int, storage: int) -> None:
    """Say in a file on which ports a BigQuery listens."""
    write_json(path, {"rest": rest, "storage": storage})


def announced(path: Path) -> tuple[int, int] | None:
    """REST and storage port of the BigQuery that was given this file; None until it listens."""
    if not path.exists():
        return None
    ports = json.loads(path.read_text(encoding="utf-8"))
    return ports["rest"], ports["storage"]
