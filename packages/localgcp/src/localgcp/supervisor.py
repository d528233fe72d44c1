"""Brings the servers of the local cloud up and down, and says how they are.

Each command holds the folder's lock, starts only what does not run, and touches no process but
those it started itself.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from localgcp import known_servers, ports, processes
from localgcp.errors import LocalCloudError
from localgcp.known_servers import Record
from localgcp.locks import exclusive
from localgcp.paths import PROJECT_ROOT, DataFolder, write_json
from localgcp.servers import SERVICES, Service, addresses, endpoints

_START_SECONDS = 90.0
_STOP_SECONDS = 10.0
_PROGRESS_SECONDS = 5.0
_LOG_LINES = 12


@dataclass(frozen=True)
class Status:
    """How one server is: running, silent (no answer), died or stopped."""

    name: str
    title: str
    state: str
    port: int | None
    pid: int | None
    log: str


class Supervisor:
    """The local cloud of one data folder; `say` gets one line for each thing done."""

    def __init__(
        self,
        folder: DataFolder,
        say: Callable[[str], None],
        services: Sequence[Service] = SERVICES,
        endpoints_of: Callable[[dict[str, int]], dict[str, str]] = endpoints,
    ) -> None:
        self._folder = folder
        self._say = say
        self._services = services
        self._endpoints_of = endpoints_of

    def up(self) -> bool:
        """Start what does not run and wait until all answer; False when nothing was to do.

        Raises LocalCloudError when a server does not start, with the end of its log.
        """
        self._folder.prepare()
        with self._locked():
            # Again: `clean` may have held the lock.
            self._folder.prepare()
            known = known_servers.load(self._folder)
            assigned = self._assign_ports(known)
            started = [
                service for service in self._services if self._launch(service, known, assigned)
            ]
            self._wait(known, assigned)
            write_json(self._folder.endpoints, self._endpoints_of(assigned))
            return bool(started)

    def down(self) -> bool:
        """Stop what runs and keep all data; False when nothing ran."""
        if not self._folder.is_ours:
            return False
        with self._locked():
            return self._stop_all()

    def clean(self) -> bool:
        """Stop what runs and delete the data folder; False when there was none.

        Raises LocalCloudError when the folder does not bear our marker.
        """
        if not self._folder.root.exists() or self._folder.is_bare:
            return False
        if self._folder.is_ours:
            with self._locked():
                self._stop_all()
                self._folder.delete()
        else:
            self._folder.delete()
        return True

    def status(self) -> list[Status]:
        """How each server is, asked now."""
        known = known_servers.load(self._folder)
        assigned = _ports_of(known)
        return [
            self._status(service, known.get(service.name), assigned) for service in self._services
        ]

    def addresses(self) -> dict[str, str]:
        """Environment variables by which clients find the servers that run.

        Raises LocalCloudError when one does not.
        """
        known = known_servers.load(self._folder)
        silent = [
            s.title for s in self._services if not (r := known.get(s.name)) or not r.is_running
        ]
        if silent:
            raise LocalCloudError(f"{silent[0]} does not run", fix="python -m localgcp up")
        return addresses(_ports_of(known))

    def _status(self, service: Service, record: Record | None, assigned: dict[str, int]) -> Status:
        if record is None or record.pid is None:
            state = "stopped"
        elif not record.is_running:
            state = "died"
        else:
            state = "running" if service.answers(assigned) else "silent"
        return Status(
            name=service.name,
            title=service.title,
            state=state,
            port=record.port if record else None,
            pid=record.pid if record and state in ("running", "silent") else None,
            log=str(self._folder.log(service.name)),
        )

    def _locked(self) -> AbstractContextManager[None]:
        return exclusive(
            self._folder.lock, lambda: self._say("waiting: another command works on this folder")
        )

    def _assign_ports(self, known: dict[str, Record]) -> dict[str, int]:
        """The port of every name: a running server keeps its ports, others theirs while free."""
        assigned: dict[str, int] = {}
        remembered = _ports_of(known)
        for service in self._services:
            record = known.get(service.name)
            running = record is not None and record.is_running
            for name in service.port_names:
                port = remembered.get(name)
                if port is None or not (running or ports.is_free(port)):
                    taken = {*assigned.values(), *remembered.values()}
                    new = ports.choose(self._folder.root, taken)
                    if port is not None:
                        self._say(
                            f"{service.title}: port {port} is taken by another program, now {new}"
                        )
                    port = new
                assigned[name] = port
        return assigned

    def _launch(self, service: Service, known: dict[str, Record], assigned: dict[str, int]) -> bool:
        """Start a server unless it runs as it should; True when it was started."""
        record = known.get(service.name)
        command = service.command(assigned, self._folder)
        environment = service.environment(assigned, self._folder)
        # Without the interpreter: another Python of the same project is no reason to restart.
        wanted = _fingerprint(command[1:], environment)
        if record and record.is_running:
            if record.fingerprint == wanted:
                return False
            self._say(f"{service.title}: its settings or its code changed, restarting")
            self._stop(service, known)
        elif record and record.pid is not None:
            self._say(f"{service.title}: its process {record.pid} is gone, starting it again")
        else:
            self._say(f"{service.title}: starting on port {assigned[service.main_port]}")
        log = self._folder.log(service.name)
        pid = processes.start(command, environment, log, PROJECT_ROOT)
        own = {name: assigned[name] for name in service.port_names}
        known[service.name] = Record(
            port=assigned[service.main_port],
            ports=own,
            pid=pid,
            started=processes.start_time(pid),
            fingerprint=wanted,
        )
        # At once: were this command stopped now, the next one would still know the process.
        known_servers.save(self._folder, known)
        return True

    def _wait(self, known: dict[str, Record], assigned: dict[str, int]) -> None:
        """Wait until every server answers, saying what is waited for.

        Raises LocalCloudError when one ends or stays silent.
        """
        waiting = list(self._services)
        begun = time.monotonic()
        next_word = begun + _PROGRESS_SECONDS

        def all_answer() -> bool:
            nonlocal next_word
            for service in list(waiting):
                # Its process first: an answer on the port of a dead one is somebody else's.
                if not known[service.name].is_running:
                    raise self._failure(service, "ended while it started")
                if service.answers(assigned):
                    waiting.remove(service)
            if waiting and time.monotonic() > next_word:
                next_word += _PROGRESS_SECONDS
                titles = ", ".join(service.title for service in waiting)
                self._say(f"waiting for {titles} ({time.monotonic() - begun:.0f} s)")
            return not waiting

        if not processes.wait_until(all_answer, _START_SECONDS):
            elapsed = time.monotonic() - begun
            raise self._failure(waiting[0], f"does not answer after {elapsed:.0f} s")

    def _failure(self, service: Service, what: str) -> LocalCloudError:
        log = self._folder.log(service.name)
        lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
        text = "\n".join(f"  | {line}" for line in lines)
        return LocalCloudError(
            f"{service.title} {what}; the end of {log}:\n{text}",
            fix="see that log, then `python -m localgcp down` and `up` again",
        )

    def _stop_all(self) -> bool:
        known = known_servers.load(self._folder)
        # Dependants first: the REST server's clock must not find BigQuery gone.
        stopped = [self._stop(service, known) for service in reversed(self._services)]
        self._folder.endpoints.unlink(missing_ok=True)
        return any(stopped)

    def _stop(self, service: Service, known: dict[str, Record]) -> bool:
        record = known.get(service.name)
        if record is None:
            return False
        ran = (
            record.pid is not None
            and record.started is not None
            and processes.stop(record.pid, record.started, _STOP_SECONDS)
        )
        known[service.name] = record.stopped
        known_servers.save(self._folder, known)
        if ran:
            self._say(f"{service.title}: stopped")
        return ran


def _ports_of(known: dict[str, Record]) -> dict[str, int]:
    return {name: port for record in known.values() for name, port in record.ports.items()}


def _fingerprint(command: Sequence[str], environment: dict[str, str]) -> str:
    """Digest of all that a running server was started with, its code included."""
    digest = hashlib.sha256(json.dumps([command, environment], sort_keys=True).encode())
    folder = Path(__file__).parent
    for file in sorted(folder.rglob("*.py")):
        # The provider is started afresh by every pulumi command.
        if "provider" not in file.relative_to(folder).parts:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def as_json(statuses: Sequence[Status]) -> str:
    """The status for programs."""
    running = all(status.state == "running" for status in statuses)
    services = [dataclasses.asdict(status) for status in statuses]
    return json.dumps({"running": running, "services": services}, indent=2)
