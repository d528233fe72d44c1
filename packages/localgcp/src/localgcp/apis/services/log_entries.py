"""Logging v2: writing, listing and deleting log entries."""

from __future__ import annotations

import base64
import json
import re
import secrets
from typing import Any

from .. import log_routing, logfilter
from ..api_errors import invalid, not_found
from ..call import Call, Cloud, Registry
from ..clock import parse_rfc3339, sortable
from ..monitoring import log_match, log_metrics
from ..store import Transaction
from . import log_config

_MAX_PAGE = 1000
_VIEW = re.compile(r"(projects/[^/]+/locations/[^/]+/buckets/[^/]+)/views/([^/]+)")
_LOG_NAME = re.compile(r"projects/([^/]+)/logs/[^/]+")


def register(registry: Registry) -> None:
    registry.add("logging.entries.write")(write_request)
    registry.add("logging.entries.list")(list_entries)
    registry.add("logging.projects.logs.list")(list_logs)
    registry.add("logging.projects.logs.delete")(delete_log)


def write(tx: Transaction, cloud: Cloud, entry: dict[str, Any], now: str) -> bool:
    """Store one entry and let metrics and policies see it; insert id and times are filled in.

    A repeated one is ignored: then False.
    """
    entry.setdefault("insertId", secrets.token_hex(10))
    entry.setdefault("timestamp", now)
    entry["receiveTimestamp"] = now
    stored = tx.sql.execute(
        "INSERT INTO log_entry (timestamp, insert_id, body) VALUES (?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (sortable(parse_rfc3339(entry["timestamp"])), entry["insertId"], json.dumps(entry)),
    )
    if not stored.rowcount or stored.lastrowid is None:
        return False
    log_routing.place(tx, entry, stored.lastrowid)
    log_metrics.count(tx, cloud, entry)
    log_match.watch(tx, cloud, entry)
    return True


def write_request(call: Call) -> dict[str, Any]:
    entries = []
    for position, given in enumerate(call.body["entries"]):
        entry = {
            "logName": call.body.get("logName"),
            "resource": call.body.get("resource"),
            **given,
            "labels": {**call.body.get("labels", {}), **given.get("labels", {})},
        }
        for field in ("logName", "resource"):
            if not entry[field]:
                raise invalid(f"entries[{position}] has no {field}.", f"entries[{position}]")
        _check_log_name(call, entry["logName"])
        payloads = [k for k in ("textPayload", "jsonPayload", "protoPayload") if k in entry]
        if len(payloads) > 1:
            raise invalid("An entry has at most one payload.", f"entries[{position}]")
        if not entry["labels"]:
            del entry["labels"]
        entries.append(entry)
    if not call.body.get("dryRun"):
        for entry in entries:
            write(call.tx, call.cloud, entry, call.now)
    return {}


def _check_log_name(call: Call, name: str) -> None:
    found = _LOG_NAME.fullmatch(name)
    if found is None:
        raise invalid(f"Invalid log name {name}; slashes in a log id are written %2F.", "log_name")
    call.project(found[1])


def list_entries(call: Call) -> dict[str, Any]:
    """Entries that match, oldest first unless `orderBy` says `timestamp desc`."""
    place, kept = _places(call)
    order = call.body.get("orderBy", "timestamp asc")
    if order not in ("timestamp asc", "timestamp desc", "timestamp"):
        raise invalid(f"Invalid order_by: {order}", "order_by")
    matches = logfilter.parse(call.body.get("filter", ""))
    limit = min(call.body.get("pageSize") or 50, _MAX_PAGE)
    down = order.endswith("desc")
    after = _cursor(call.body.get("pageToken"), down)
    compare, direction = ("<", "DESC") if down else (">", "ASC")
    rows = call.tx.sql.execute(
        f"SELECT timestamp, seq, body FROM log_entry WHERE (timestamp, seq) {compare} (?, ?)"
        f" AND ({place}) ORDER BY timestamp {direction}, seq {direction}",
        (*after, *kept),
    )
    chosen: list[dict[str, Any]] = []
    last = after
    for timestamp, seq, text in rows:
        entry = json.loads(text)
        if not matches(entry):
            continue
        if len(chosen) == limit:
            token = base64.urlsafe_b64encode(json.dumps(last).encode()).decode()
            return {"entries": chosen, "nextPageToken": token}
        chosen.append(entry)
        last = (timestamp, seq)
    return {"entries": chosen} if chosen else {}


def _places(call: Call) -> tuple[str, list[str]]:
    """SQL over an entry, with its values: whether it is in one of the resources that are asked.

    A project has what any of its buckets has.
    """
    places: list[str] = []
    values: list[str] = []
    for name in call.body["resourceNames"]:
        parts = name.split("/")
        if parts[0] != "projects" or len(parts) < 2:
            raise invalid(f"Only projects have logs here, not {name}.", "resource_names")
        parts[1] = call.project(parts[1])
        if len(parts) == 2:
            places.append("TRUE")
            continue
        view = _VIEW.fullmatch("/".join(parts))
        if view is None:
            raise invalid(f"Invalid resource name: {name}", "resource_names")
        bucket = log_config.find_bucket(call, view[1])
        names = ("_AllLogs", "_Default") if bucket.name.endswith("/_Default") else ("_AllLogs",)
        if view[2] not in names:
            raise not_found(f"View {name} does not exist")
        places.append("timestamp >= ?")
        values.append(log_routing.oldest(call.tx, bucket.name, call.cloud.clock.now()))
        if not bucket.name.endswith("/_Default"):
            places[-1] += " AND seq IN (SELECT entry FROM log_placement WHERE bucket = ?)"
            values.append(bucket.name)
    return " OR ".join(places) or "FALSE", values


def _cursor(token: str | None, down: bool) -> tuple[str, int]:
    if not token:
        return ("9999", 0) if down else ("", 0)
    try:
        timestamp, seq = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        raise invalid("The page token is invalid.", "page_token") from None
    return timestamp, seq


def list_logs(call: Call) -> dict[str, Any]:
    rows = call.tx.sql.execute(
        "SELECT DISTINCT json_extract(body, '$.logName') FROM log_entry ORDER BY 1"
    )
    prefix = f"{call.target}/logs/"
    names = [name for (name,) in rows if name.startswith(prefix)]
    return {"logNames": names} if names else {}


def delete_log(call: Call) -> dict[str, Any]:
    # The path arrives decoded; log names are stored with %2F.
    head, log_id = call.target.split("/logs/", 1)
    name = f"{head}/logs/{log_id.replace('/', '%2F')}"
    # Google deletes what is in _Default: other buckets keep theirs.
    cursor = call.tx.sql.execute(
        "DELETE FROM log_entry WHERE json_extract(body, '$.logName') = ?"
        " AND seq NOT IN (SELECT entry FROM log_placement)",
        (name,),
    )
    if cursor.rowcount == 0:
        raise not_found(f"Log {name} does not exist")
    return {}
