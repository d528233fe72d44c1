"""What a health check has found: findings, score, status, and the JSON that others read."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bqstack.amounts import counted

CHECKS = (
    "System connectivity",
    "Table health",
    "Query performance",
    "Cost monitoring",
    "Caption pool",
    "Caption locks",
    "Recent activity",
)


class Severity(enum.StrEnum):
    """How bad a finding is; a warning does not fail its check."""

    OK = "OK"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"


class Status(enum.IntEnum):
    """State of the system; the value is the exit code of `eros health`."""

    HEALTHY = 0
    WARNING = 1
    CRITICAL = 2


@dataclass(frozen=True)
class Finding:
    """One line of the report; `check` is the index into CHECKS, `limits` what it is judged by."""

    check: int
    label: str
    severity: Severity
    text: str
    limits: str = ""
    is_standstill: bool = False
    """Whether it says that no schedule runs."""


@dataclass(frozen=True)
class Report:
    """All findings of one health check."""

    time: datetime
    project: str
    dataset: str
    findings: tuple[Finding, ...]

    @property
    def warnings(self) -> int:
        """Number of findings of severity WARNING."""
        return sum(f.severity is Severity.WARNING for f in self.findings)

    @property
    def critical(self) -> int:
        """Number of findings of severity CRITICAL."""
        return sum(f.severity is Severity.CRITICAL for f in self.findings)

    @property
    def checks_passed(self) -> int:
        """Checks that were made and have no critical finding."""
        made = {f.check for f in self.findings}
        failed = {f.check for f in self.findings if f.severity is Severity.CRITICAL}
        return len(made - failed)

    @property
    def score(self) -> int:
        """0 to 100 (docs/requirements.md#health-monitoring-alerts)."""
        return max(0, 100 - 6 * self.warnings - 20 * self.critical)

    @property
    def status(self) -> Status:
        """CRITICAL with a critical finding, WARNING at a score of 90 or less."""
        if self.critical:
            return Status.CRITICAL
        return Status.WARNING if self.score <= 90 else Status.HEALTHY

    @property
    def words(self) -> str:
        """What the status means; "all" is said of a system without any finding."""
        if self.status is Status.CRITICAL:
            return "Act now"
        if self.status is Status.WARNING:
            return "Attention needed"
        if self.warnings:
            return f"{counted(self.warnings, 'warning')}, not urgent"
        if any(f.is_standstill for f in self.findings):
            return "No findings, but nothing runs: all schedules are paused"
        return "All systems operational"

    def document(self) -> dict[str, Any]:
        """The JSON output: the contract, then the findings."""
        return self.contract() | {
            "findings": [
                {
                    "check": CHECKS[finding.check],
                    "label": finding.label,
                    "severity": finding.severity.value,
                    "text": finding.text,
                    "limits": finding.limits,
                }
                for finding in self.findings
            ]
        }

    def contract(self) -> dict[str, str | int]:
        """The fields of the JSON output, in order (docs/requirements.md)."""
        return {
            "timestamp": f"{self.time:%Y-%m-%dT%H:%M:%SZ}",
            "project_id": self.project,
            "dataset": self.dataset,
            "health_score": self.score,
            "checks_passed": self.checks_passed,
            "checks_total": len(CHECKS),
            "warnings": self.warnings,
            "critical": self.critical,
            "status": self.status.name,
        }
