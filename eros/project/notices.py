"""Notices to people: what a deployment or a rollback does to them, and when.

`eros` writes each as a log entry; a policy of Cloud Monitoring for each phase matches the entries
of its stack and sends them through the stack's channels
(https://cloud.google.com/logging/docs/alerting/log-based-alerts). What an entry says reaches the
text by extracted labels (https://cloud.google.com/monitoring/alerts/doc-variables).
"""

from __future__ import annotations

LOG_ID = "eros-notices"
# A policy each. Each combination of labels is notified by itself, so another text is another
# notice; the same one is sent once in RATE_SECONDS.
PHASES = {
    "announced": "a deployment is announced",
    "started": "a deployment has begun",
    "ended": "a deployment has ended",
    "rollback_started": "a rollback has begun",
    "rollback_ended": "a rollback has ended",
}
RATE_SECONDS = 300
# Nothing is expected any more.
ENDS = ("ended", "rollback_ended")
# What a notice says, with the words of its line; `subject` is the first line of all.
LINES = {
    "what": "What",
    "why": "Why",
    "impact": "Expected",
    "way_back": "Way back",
    "next_update": "Next news",
    "contact": "Contact",
}
FIELDS = ("subject", *LINES)
LONGEST = 1000
"""Characters of one field: what is longer is cut, so that a notification stays whole."""


def entry_filter(phase: str, dataset: str) -> str:
    """Log entries of one phase of the stack that has the dataset."""
    return "\n".join(
        (
            f'log_id("{LOG_ID}")',
            f'jsonPayload.phase="{phase}"',
            f'jsonPayload.dataset="{dataset}"',
        )
    )


def extractors() -> dict[str, str]:
    """Labels of an incident, out of the entry that opened it."""
    return {name: f"EXTRACT(jsonPayload.{name})" for name in FIELDS}


def subject() -> str:
    """First line of a notification."""
    return _variable("subject")


def documentation(phase: str, runbook: str) -> str:
    """What a notification of a phase says, in Markdown."""
    lines = [f"**{subject()}**"]
    said = LINES | ({"impact": "Result"} if phase in ENDS else {})
    lines += [f"{words}: {_variable(name)}" for name, words in said.items()]
    lines.append(f"Runbook: {runbook}#deploy-and-roll-back")
    return "\n\n".join(lines) + "\n"


def _variable(name: str) -> str:
    return f"${{log.extracted_label.{name}}}"
