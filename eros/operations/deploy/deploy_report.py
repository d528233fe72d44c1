"""The report of a deployment: `report.json` for programs, `report.md` for people."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from bqstack import amounts, durable
from eros import logs
from eros.operations import remote_records
from eros.operations.deploy import step_results
from eros.operations.deploy.deployment import Deployment, ExitCode
from eros.watch.monitor import change_pct

_LOG = logs.Log("deploy")
# Figures that are compared, with their units.
_FIGURES = {
    "health_score": "health score",
    "queries": "queries an hour",
    "error_rate_pct": "error rate, %",
    "mean_seconds": "mean query time, s",
    "p95_seconds": "95th percentile, s",
    "selection_ms": "caption selection, ms",
    "slot_seconds": "slot time an hour, s",
    "cost_usd": "cost an hour, US dollars",
    "emv_per_message": "EMV per message, US dollars",
    "distribution_pct": "distinct captions per 100 assignments",
    "corrupt_rows": "corrupt rows",
    "integrity_violations": "integrity violations",
}
# Sums over a span. The spans differ, mostly a day before and minutes after.
_SUMS = {"queries", "slot_seconds", "cost_usd"}


def write(deployment: Deployment, code: ExitCode, message: str) -> dict[str, Any]:
    """Write both files into the deployment's folder; the content of the first."""
    content: dict[str, Any] = logs.redacted(build(deployment, code, message))
    folder = deployment.journal.folder
    text = json.dumps(content, indent=2, ensure_ascii=False, default=str)
    durable.write_bytes(folder / "report.json", f"{text}\n".encode())
    durable.write_bytes(folder / "report.md", markdown(content).encode())
    remote_records.keep_report(_LOG, deployment.journal.id, markdown(content))
    return content


def build(deployment: Deployment, code: ExitCode, message: str) -> dict[str, Any]:
    """The report as plain values."""
    journal = deployment.journal
    preview, backup = (
        deployment.found(step_results.Previewed),
        deployment.found(step_results.BackedUp),
    )
    compared, score = deployment.last(step_results.Compared), deployment.found(step_results.Scored)
    begun = journal.records[0].started if journal.records else ""
    return {
        "deployment": journal.id,
        "stack": deployment.site.stack,
        "project": deployment.site.google.settings.project,
        "commit": journal.commit,
        "result": code.name,
        "exitCode": int(code),
        "message": message,
        "dryRun": deployment.options.dry_run,
        "started": begun,
        "ended": datetime.now(UTC).isoformat(),
        "steps": [
            {"step": r.name, "result": r.result, "seconds": r.seconds, "error": r.error}
            for r in journal.records
        ],
        "changes": {
            "counts": preview.counts,
            "listed": preview.changes,
            "touched": preview.touched,
        },
        "backup": backup.backup,
        "backupWarnings": backup.warnings,
        "figures": {
            "before": deployment.found(step_results.Before).figures,
            "after": compared.figures,
        },
        "notJudged": compared.missing,
        "notRead": compared.unread,
        "findings": {
            kind.STEP: deployment.last(kind).findings
            for kind in (step_results.Checked, step_results.Validated)
        },
        "score": score.document() if score.overall else {},
        "rolledBackTo": deployment.found(step_results.RolledBack).to,
        "correlation": logs.correlation(),
        "folder": str(journal.folder),
    }


def markdown(content: dict[str, Any]) -> str:
    """The report to read."""
    lines = [
        f"# Deployment {content['deployment']}: {content['result']}",
        "",
        content["message"],
        "",
        f"- stack `{content['stack']}`, project `{content['project']}`",
        f"- commit `{content['commit'] or 'none'}`",
        f"- from {content['started']} to {content['ended']}",
        f"- backup before: {content['backup'] or 'none'}",
        *(f"  - warning: {text}" for text in content["backupWarnings"]),
        f"- exit code {content['exitCode']}",
        "",
        "## Steps",
        "",
        "| step | result | seconds |",
        "| --- | --- | ---: |",
        *(f"| {s['step']} | {s['result']} | {s['seconds']:.1f} |" for s in content["steps"]),
    ]
    lines += _changes(content["changes"])
    lines += figures_lines(content["figures"])
    for title, findings in content["findings"].items():
        if findings:
            lines += ["", f"## Findings: {title}", ""]
            lines += [f"- {f['level']} {f['check']}: {f['text']}" for f in findings]
    if content["notJudged"]:
        lines += ["", f"Not judged, too few queries since: {', '.join(content['notJudged'])}."]
    if content["notRead"]:
        lines += ["", f"**Not judged**, the figures cannot be read: {content['notRead']}."]
    if content["score"]:
        lines += ["", "## Success score", ""]
        lines += [f"- {c['criterion']}: {c['status']}" for c in content["score"]["criteria"]]
        lines += [f"- overall: {content['score']['overall']}"]
    return "\n".join(lines) + "\n"


def _changes(changes: dict[str, Any]) -> list[str]:
    counts = ", ".join(f"{n} {kind}" for kind, n in sorted(changes["counts"].items()))
    lines = ["", "## Changes", "", counts or "none"]
    if changes["touched"]:
        lines += ["", *(f"- {text}" for text in changes["touched"])]
    return lines


def figures_lines(figures: dict[str, Any]) -> list[str]:
    """The comparison before and after as lines of Markdown; none without figures."""
    before, after = figures["before"] or {}, figures["after"] or {}
    if not before and not after:
        return []
    lines = ["", "## Before and after", "", "| figure | before | after | change |"]
    lines.append("| --- | ---: | ---: | ---: |")
    for name, title in _FIGURES.items():
        then, now = _figure(before, name), _figure(after, name)
        change = change_pct(then, now)
        shown = "" if change is None else f"{change:+.1f}%"
        lines.append(f"| {title} | {_shown(then)} | {_shown(now)} | {shown} |")
    rows_then, rows_now = before.get("rows") or {}, after.get("rows") or {}
    for table in rows_then | rows_now:
        counts = f"{_shown(rows_then.get(table))} | {_shown(rows_now.get(table))}"
        lines.append(f"| rows of {table} | {counts} | |")
    return lines


def _figure(figures: dict[str, Any], name: str) -> float | None:
    """A figure as it is compared: sums by the hour; None where it is not known."""
    value = figures.get(name)
    if value is None or name not in _SUMS:
        return value
    span = datetime.fromisoformat(figures["stop"]) - datetime.fromisoformat(figures["start"])
    hours = span.total_seconds() / 3600
    return value / hours if hours else None


def _shown(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else amounts.plain(value)
