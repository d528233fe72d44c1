"""BigQuery's audit log: one data-access entry for every finished job.

https://cloud.google.com/bigquery/docs/reference/auditlogs/rest/Shared.Types/BigQueryAuditMetadata.
Load, copy and extract jobs have no configuration here beyond their type and labels. Slot time
and the caller's address are unknown to the emulator and left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ..call import Cloud
from ..clock import rfc3339
from ..services import log_entries
from ..store import Transaction
from .rows import Record

_LOG = "cloudaudit.googleapis.com%2Fdata_access"
_TYPE = "type.googleapis.com/google.cloud.audit"
# The audit log cuts longer texts.
_LONGEST_QUERY = 100 * 1024
_FAILED = 3


def write(tx: Transaction, cloud: Cloud, records: Iterable[Record]) -> list[Record]:
    """Write the entries of finished jobs; those that are new."""
    now = rfc3339(cloud.clock.now())
    return [one for one in records if log_entries.write(tx, cloud, entry(cloud, one), now)]


def entry(cloud: Cloud, record: Record) -> dict[str, Any]:
    """The entry that says that a job is done."""
    project, row = cloud.project, record.row
    job_id = row["job_id"]
    status = _status(row)
    job_name = f"projects/{project}/jobs/{job_id}"
    return {
        "logName": f"projects/{project}/logs/{_LOG}",
        "resource": {
            "type": "bigquery_project",
            "labels": {
                "project_id": project,
                "location": record.job["jobReference"].get("location", "US"),
            },
        },
        # The same for the same job, so that no restart writes it twice.
        "insertId": hashlib.sha256(job_name.encode()).hexdigest()[:16],
        "timestamp": _time(row["end_time"] or row["creation_time"]),
        "severity": "ERROR" if status else "INFO",
        "operation": {
            "id": f"{project}:{job_id}",
            "producer": "bigquery.googleapis.com",
            "last": True,
        },
        "protoPayload": {
            "@type": f"{_TYPE}.AuditLog",
            "status": status,
            "authenticationInfo": {"principalEmail": row["user_email"]},
            "serviceName": "bigquery.googleapis.com",
            "methodName": "google.cloud.bigquery.v2.JobService.InsertJob",
            "authorizationInfo": [
                {
                    "resource": f"projects/{project}",
                    "permission": "bigquery.jobs.create",
                    "granted": True,
                }
            ],
            "resourceName": job_name,
            "metadata": {
                "@type": f"{_TYPE}.BigQueryAuditMetadata",
                "jobChange": {
                    "before": "RUNNING",
                    "after": "DONE",
                    "job": {
                        "jobName": job_name,
                        "jobConfig": _configuration(record),
                        "jobStatus": {"jobState": "DONE", **_errors(status)},
                        "jobStats": _statistics(record),
                    },
                },
            },
        },
    }


def _configuration(record: Record) -> dict[str, Any]:
    row = record.row
    result: dict[str, Any] = {"type": row["job_type"]}
    if row["labels"]:
        result["labels"] = {one["key"]: one["value"] for one in row["labels"]}
    if row["job_type"] != "QUERY":
        return result
    given = record.job["configuration"].get("query", {})
    text = row["query"] or ""
    query = {
        "query": text[:_LONGEST_QUERY],
        "statementType": row["statement_type"],
        "createDisposition": given.get("createDisposition", "CREATE_IF_NEEDED"),
        "writeDisposition": given.get("writeDisposition", "WRITE_EMPTY"),
        "priority": f"QUERY_{priority(record)}",
    }
    if len(text) > _LONGEST_QUERY:
        query["queryTruncated"] = True
    target = given.get("destinationTable")
    if target:
        query["destinationTable"] = _table(target)
    result["queryConfig"] = {key: value for key, value in query.items() if value is not None}
    return result


def priority(record: Record) -> str:
    """INTERACTIVE or BATCH."""
    return record.job["configuration"].get("query", {}).get("priority") or "INTERACTIVE"


def _statistics(record: Record) -> dict[str, Any]:
    row, statistics = record.row, record.job["statistics"]
    times = {"createTime": "creation_time", "startTime": "start_time", "endTime": "end_time"}
    result: dict[str, Any] = {key: _time(row[name]) for key, name in times.items() if row[name]}
    if row["parent_job_id"]:
        result["parentJobName"] = f"projects/{row['project_id']}/jobs/{row['parent_job_id']}"
    if row["job_type"] == "QUERY":
        read = statistics.get("query", {}).get("referencedTables", [])
        result["queryStats"] = {
            "totalProcessedBytes": str(row["total_bytes_processed"]),
            "totalBilledBytes": str(row["total_bytes_billed"]),
            "billingTier": 1,
            **({"referencedTables": [_table(one) for one in read]} if read else {}),
        }
    return result


def _status(row: dict[str, Any]) -> dict[str, Any]:
    error = row["error_result"]
    return {"code": _FAILED, "message": error["message"]} if error else {}


def _errors(status: dict[str, Any]) -> dict[str, Any]:
    return {"errorResult": status, "errors": [status]} if status else {}


def _table(reference: dict[str, Any]) -> str:
    return (
        f"projects/{reference['projectId']}/datasets/{reference['datasetId']}"
        f"/tables/{reference['tableId']}"
    )


def _time(text: str) -> str:
    return rfc3339(datetime.fromisoformat(text))
