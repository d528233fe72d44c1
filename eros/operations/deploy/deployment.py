"""What a deployment is made of: findings, steps, the exit codes, and what all steps share."""

from __future__ import annotations

import enum
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bqstack.errors import UserError
from eros.cloud.google import Google
from eros.operations.deploy.deploy_journal import Journal
from eros.operations.results import Bad, Result
from eros.operations.stack_lock import TableLock
from eros.project.settings import PROJECT_ROOT


class ExitCode(enum.IntEnum):
    """All commands around a deployment use them (docs/requirements.md C-73)."""

    SUCCESS = 0
    PREREQUISITES = 1
    """Refused or declined before anything was changed."""
    BACKUP = 2
    DEPLOYMENT = 3
    """The engine failed; what it had done has been rolled back, or `--resume` goes on."""
    VALIDATION = 4
    """Deployed, found bad, and the earlier definitions are back."""
    ROLLBACK = 5
    """Deployed and found bad, and the earlier state is not back: a person must act. Or one
    acts already, and the deployment was not judged."""


class Level(enum.StrEnum):
    """How bad a finding of a check is."""

    OK = "OK"
    WARNING = "WARNING"
    FAILED = "FAILED"
    NOT_TRIED = "NOT TRIED"


@dataclass(frozen=True)
class Finding:
    """One result of a check before or after the deployment."""

    check: str
    level: Level
    text: str
    fix: str = ""

    def document(self) -> dict[str, str]:
        """The finding as JSON."""
        return {
            "check": self.check,
            "level": self.level.value,
            "text": self.text,
            "fix": self.fix,
        }


@dataclass(frozen=True)
class Site:
    """Where is deployed: the stack, its settings, its cloud, the program's folder."""

    stack: str
    google: Google
    root: Path = PROJECT_ROOT

    @property
    def is_production(self) -> bool:
        """Whether what goes wrong here is seen outside."""
        return self.google.settings.environment == "prod"


@dataclass(frozen=True)
class Options:
    """What the person asked for."""

    yes: bool = False
    """Ask nothing, as in CI."""
    dry_run: bool = False
    break_lock: bool = False
    allow_dirty: bool = False
    observe_minutes: float = 0
    """How long to watch the system before it is compared with the baseline."""
    why: str = ""
    """The reason that the notices give."""
    impact: str = "no downtime; schedules keep running"
    """What the notices say that users may notice."""


@dataclass
class Deployment:
    """One run of the deployment, shared by its steps."""

    site: Site
    options: Options
    journal: Journal
    progress: Callable[[str], None]
    ask: Callable[[str], str]
    """Puts a question to the person and gives the answer."""
    now: Callable[[], datetime]
    """The moment on the stack's clock, as its job history has it."""
    closing: ExitStack = field(default_factory=ExitStack)
    """What has to be given back at the end, whatever it is."""
    lock: TableLock | None = None
    """The lock between machines, once it is held."""

    def found[Found: Result](self, kind: type[Found]) -> Found:
        """What an earlier step found when it was last done; nothing when it was not made."""
        return self.journal.found(kind)

    def last[Found: Result](self, kind: type[Found]) -> Found:
        """What the last attempt of a step found, a failed one's included."""
        return self.journal.last(kind)

    def has_lock(self) -> bool:
        """Send a heartbeat; False when somebody has ended our claim."""
        return self.lock is None or self.lock.renew()


class StepFailed(Bad):
    """A step that found the deployment bad."""


class Overtaken(UserError):
    """Somebody released the deployment's lock after its update: the result is theirs to judge."""

    def __init__(self) -> None:
        super().__init__(
            "somebody has broken the lock of this deployment and is working on the stack; it is "
            "not judged further, and nothing is rolled back"
        )


class Step(Protocol):
    """One step. The journal keeps what `run` returns."""

    @property
    def name(self) -> str:
        """Its name in the journal."""
        ...

    @property
    def title(self) -> str:
        """What a person calls it."""
        ...

    @property
    def code(self) -> ExitCode:
        """Exit code when the step fails."""
        ...

    @property
    def once(self) -> bool:
        """Whether an interrupted deployment keeps what the step found."""
        ...

    @property
    def in_dry_run(self) -> bool:
        """Whether a dry run makes it."""
        ...

    def run(self, deployment: Deployment) -> Result:
        """Do it; raises UserError or one of `bqstack.failures.FAILURES`."""
        ...
