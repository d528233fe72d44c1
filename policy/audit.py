"""Audit logs: complete, kept, and nobody exempt.

BigQuery writes its data access log whatever the project says; other services write theirs
only when an audit configuration asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pulumi_policy import EnforcementLevel, Severity

from bqstack.amounts import counted
from bqstack.policy.rule import Member, Resource, Rule, known, of_type
from eros.project import log_buckets
from gcptypes.records import AUDIT_CONFIG, LOG_BUCKET, LOG_SINK

_TYPES = frozenset({"ADMIN_READ", "DATA_READ", "DATA_WRITE"})
_ALL = "allServices"
_SHORTEST_DAYS = 90


def _complete(config: Resource) -> Iterator[str]:
    entries = config.props.get("auditLogConfigs") or []
    for missing in sorted(_TYPES - {entry.get("logType") for entry in entries}):
        yield f"{missing} of {config.props.get('service')} is not logged"
    for entry in entries:
        for member in entry.get("exemptedMembers") or []:
            yield f"{member} is exempt from {entry.get('logType')}"


def _declared(resources: Sequence[Member]) -> Iterator[tuple[str, str | None]]:
    configs = of_type(resources, AUDIT_CONFIG)
    if not any(known(config.props, "service") == _ALL for config in configs):
        yield "no audit configuration covers all services of the project", None


def _sink(resources: Sequence[Member]) -> Iterator[tuple[str, str | None]]:
    sinks = [sink for sink in of_type(resources, LOG_SINK) if not known(sink.props, "disabled")]
    if not any(_takes_audit_logs(known(sink.props, "filter")) for sink in sinks):
        yield "no sink keeps a copy of the audit logs", None


def _takes_audit_logs(condition: str | None) -> bool:
    return not condition or "cloudaudit.googleapis.com" in condition


def _retention(bucket: Resource) -> Iterator[str]:
    if (known(bucket.props, "bucketId") or "").startswith(log_buckets.APPLICATION):
        # What commands said of themselves: no record of who did what.
        return
    days = bucket.props.get("retentionDays") or 30
    if days < _SHORTEST_DAYS:
        yield f"log entries are kept for {counted(round(days), 'day')}"


def _identity(sink: Resource) -> Iterator[str]:
    if sink.props.get("uniqueWriterIdentity") is False:
        yield "the sink writes with an identity that it shares with sinks of other projects"


RULES = (
    Rule(
        id="audit-log-complete",
        title="An audit configuration logs everybody's reads and writes",
        references=("CIS 2.1", "CKV_GCP_62"),
        url="https://cloud.google.com/logging/docs/audit/configure-data-access",
        fix="ADMIN_READ, DATA_READ and DATA_WRITE without exempted members",
        severity=Severity.HIGH,
        on=(AUDIT_CONFIG,),
        check=_complete,
    ),
    Rule(
        id="audit-log-on",
        title="The audit logs of all services are on",
        references=("CIS 2.1", "CKV_GCP_62"),
        url="https://cloud.google.com/logging/docs/audit/configure-data-access",
        fix="a projects.IAMAuditConfig for allServices, here or where the project is created",
        severity=Severity.MEDIUM,
        stack_check=_declared,
        enforcement=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="audit-log-sink",
        title="A sink keeps a copy of the audit logs",
        references=("CIS 2.2",),
        url="https://cloud.google.com/logging/docs/export/configure_export_v2",
        fix="a logging.ProjectSink, here or where the project is created",
        severity=Severity.MEDIUM,
        stack_check=_sink,
        enforcement=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="log-retention",
        title="A log bucket keeps entries for 90 days or longer, except the application log",
        references=("CIS 2.3",),
        url="https://cloud.google.com/logging/docs/buckets#custom-retention",
        fix="retention_days=90",
        severity=Severity.MEDIUM,
        on=(LOG_BUCKET,),
        check=_retention,
    ),
    Rule(
        id="sink-identity",
        title="A sink has its own identity",
        url="https://cloud.google.com/logging/docs/export/configure_export_v2#dest-auth",
        fix="leave unique_writer_identity at its default",
        severity=Severity.MEDIUM,
        on=(LOG_SINK,),
        check=_identity,
    ),
)
