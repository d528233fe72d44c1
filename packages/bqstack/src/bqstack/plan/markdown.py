"""A plan as the comment of a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bqstack import amounts
from bqstack.guard import Action, Detail, Loss
from bqstack.markup import code, folded, html, line, plain
from bqstack.plan import picture, schedule_table
from bqstack.plan.impact import ColumnEffect, Effect
from bqstack.plan.whole_plan import VERBS, Plan, Planned, routine_kind

LIMIT = 65_536
"""GitHub refuses a longer comment; counted in characters and, to be sure, in bytes."""
_MARKS = {
    Loss.NONE: "⚪ none",
    Loss.REVERSIBLE: "🟡 reversible",
    Loss.WARNING: "🟠 warning",
    Loss.LOSSY: "🔴 lossy",
}
_MOST_DOWNSTREAM = 40
_MOST_LOSSES = (50, 10, 2)
_MOST_NAMES = 600
_SHARED_FROM = 6
_ROW_LENGTH = 140
# So many facts of a change stand in the table, the worst first; the others are folded.
_MOST_FACTS = 3


def render(plan: Plan, link: str = "") -> str:
    """The comment, shorter than LIMIT; what is left out is counted, and `link` says where it is."""
    head = f"### Plan for `{plan.stack}`\n\n{code(plan.base)} → {code(plan.head)}\n"
    if not plan.changes:
        rendered = _warnings(plan, _MOST_LOSSES[0]) + _stale(plan, _MOST_LOSSES[0])
        return f"{head}\nNothing changes.\n{rendered}"
    top = _top(plan, head)
    rows = _rows(plan.changes)
    blocks = [block for planned in plan.changes if (block := _block(planned))]
    preview = _preview(plan)
    where = f"[the whole plan]({link})" if link else "the JSON of the plan has them"
    ending = picture.mermaid(plan) + schedule_table.render(plan)
    return _fitted(top, rows, blocks, ending, preview, where)


def _top(plan: Plan, head: str) -> str:
    """Everything above the table, in half of the room at most."""
    for most in _MOST_LOSSES:
        parts = (
            head,
            _summary(plan),
            _refusal(plan, most),
            _wrong(plan, most),
            _warnings(plan, most),
            _stale(plan, most),
        )
        top = "\n".join(part for part in parts if part)
        if _size(top) <= LIMIT // 2:
            break
    return top


def _fitted(
    top: str, rows: list[str], blocks: list[str], ending: str, preview: str, where: str
) -> str:
    """Parts in the order of their weight, as many as fit: table, costs, details, preview."""
    table_head = "\n| object | action | class | what |\n| --- | --- | --- | --- |\n"
    room = LIMIT - 600 - _size(top) - _size(table_head)
    kept_rows, room = _take(rows, room)
    missing = []
    if room > _size(ending):
        room -= _size(ending)
    else:
        drawn = "the picture and " if "```mermaid" in ending else ""
        ending = ""
        missing.append(f"{drawn}what the schedules cost")
    kept_blocks, room = _take(blocks, room)
    if len(kept_rows) < len(rows):
        missing.append(f"{amounts.counted(len(rows) - len(kept_rows), 'row')} of the table")
    if len(kept_blocks) < len(blocks):
        missing.append(
            f"the details of {amounts.counted(len(blocks) - len(kept_blocks), 'change')}"
        )
    if preview:
        lines = preview.splitlines()
        kept_lines, room = _take([line + "\n" for line in lines], room - 200)
        if len(kept_lines) < len(lines):
            missing.append(f"{len(lines) - len(kept_lines):,} lines of the raw preview")
        raw = f"```diff\n{''.join(kept_lines)}```\n"
        preview = folded("Raw preview", raw) if kept_lines else ""
    cut = f"\n> Left out: {', '.join(missing)}; {where}.\n" if missing else ""
    return "".join([top, table_head, *kept_rows, cut, ending, *kept_blocks, preview])


def _take(parts: list[str], room: int) -> tuple[list[str], int]:
    kept = []
    for part in parts:
        if _size(part) > room:
            break
        kept.append(part)
        room -= _size(part)
    return kept, room


def _size(text: str) -> int:
    return len(text.encode())


def _summary(plan: Plan) -> str:
    counted = [
        f"{plan.counts(action)} to {verb}" for action, verb in VERBS.items() if plan.counts(action)
    ]
    return ", ".join(counted) + ".\n"


def _refusal(plan: Plan, most: int) -> str:
    refused = plan.refused
    if not refused:
        return ""
    rows = {
        p.change.urn: f"; {amounts.counted(p.rows, 'row')}"
        for p in plan.changes
        if p.rows is not None
    }
    lines = [
        f"> - {code(change.name)}: {_short(detail.text, 300)}; {plain(detail.reason)}"
        + rows.get(change.urn, "")
        for change, detail in refused
    ]
    allow = list(dict.fromkeys(f">   - {_quoted(detail.allowance)}" for _, detail in refused))
    return "\n".join(
        [
            "> [!CAUTION]",
            f"> **{_at_stake(detail for _, detail in refused)}, and `pulumi up` refuses it:**",
            ">",
            *lines[:most],
            *([f"> - and {len(lines) - most} more"] if len(lines) > most else []),
            ">",
            f"> To allow exactly this, in `Pulumi.{plan.stack}.yaml`:",
            ">",
            "> ```yaml",
            f">   {plan.allow_key}:",
            *allow[:most],
            *([f">   # and {len(allow) - most} more"] if len(allow) > most else []),
            "> ```",
            "",
        ]
    )


def _at_stake(refused: Iterable[Detail]) -> str:
    """Calls that fail lose no rows."""
    calls = all(detail.path == "arguments" for detail in refused)
    return "Calls would fail" if calls else "Data would be lost"


def _wrong(plan: Plan, most: int) -> str:
    """Objects that the change makes wrong, each once."""
    found = {name: why for planned in plan.changes for name, why in planned.broken.items()}
    if not found:
        return ""
    lines = [f"> - ❌ {code(name)}: {_short(_mistake(why), 300)}" for name, why in found.items()]
    head = "**Broken by this change; `pulumi up` refuses it until this is fixed:**"
    return _alert("CAUTION", head, lines, most)


def _mistake(why: str) -> str:
    """What the analyser says in one line; it sets out candidates below each other."""
    return "; ".join(line.strip() for line in why.splitlines() if line.strip())


def _warnings(plan: Plan, most: int) -> str:
    lines = [
        f"> - 🟠 {code(change.name)}: {_short(detail.text, 300)}; {plain(detail.reason)}"
        for change, detail in plan.warnings
    ]
    lines += [f"> - 🟠 {_short(text, 300)}" for text in plan.settings_warnings]
    if not lines:
        return ""
    return _alert("WARNING", "**No data is lost, but check this first:**", lines, most)


def _alert(kind: str, head: str, lines: list[str], most: int) -> str:
    more = [f"> - and {len(lines) - most} more"] if len(lines) > most else []
    return "\n".join([f"> [!{kind}]", f"> {head}", ">", *lines[:most], *more, ""])


def _stale(plan: Plan, most: int) -> str:
    if not plan.stale:
        return ""
    entries = ", ".join(code(entry) for entry in plan.stale[:most])
    if len(plan.stale) > most:
        entries += f" and {len(plan.stale) - most} more"
    return f"\n`{plan.allow_key}` has entries that are no longer needed: {entries}.\n"


def _rows(changes: Sequence[Planned]) -> list[str]:
    """Rows of the table; many objects of one kind with one fate share a row."""
    alike: dict[tuple[str, ...], list[Planned]] = {}
    for planned in changes:
        alike.setdefault(_fate(planned), []).append(planned)
    rows = []
    for group in alike.values():
        if len(group) < _SHARED_FROM:
            rows += [_row(planned) for planned in group]
            continue
        change = group[0].change
        names = _names([planned.change.name for planned in group])
        what = "" if change.action is Action.CREATE else f"{_what(group[0])}: "
        rows.append(
            f"| {len(group)} {_plural(group[0].kind)} | {VERBS[change.action]}"
            f" | {_MARKS[change.loss]} | {what}{names} |\n"
        )
    return rows


def _names(names: Sequence[str]) -> str:
    """As many names as fit into a row, and how many are left."""
    kept, length = 0, 0
    while kept < len(names) and length + len(names[kept]) <= _MOST_NAMES:
        length += len(names[kept]) + 2
        kept += 1
    more = f" and {len(names) - kept} more" if kept < len(names) else ""
    return plain(", ".join(names[:kept])) + more


def _plural(kind: str) -> str:
    if kind.endswith("y"):
        return f"{kind[:-1]}ies"
    return kind if kind.endswith("s") else f"{kind}s"


def _fate(planned: Planned) -> tuple[str, ...]:
    change = planned.change
    what = "" if change.action is Action.CREATE else _what(planned)
    lossy = change.name if change.lossy else ""
    return planned.kind, change.action.value, change.loss.name, what, lossy


def _what(planned: Planned) -> str:
    """The facts of a change, the worst first, and the columns that a view or function gets."""
    details = sorted(planned.change.details, key=lambda detail: -detail.loss)
    facts = [detail.text for detail in details] + [_column(c) for c in planned.columns]
    if len(facts) > _MOST_FACTS:
        facts[_MOST_FACTS - 1 :] = [f"{len(facts) - _MOST_FACTS + 1} more"]
    return "<br>".join(_short(fact, _ROW_LENGTH) for fact in facts)


def _column(column: ColumnEffect) -> str:
    if column.before and column.after:
        return f"column {column.column} {column.before} becomes {column.after}"
    verb = "is added" if column.after else "is dropped"
    return f"column {column.column} {column.after or column.before} {verb}"


def _row(planned: Planned) -> str:
    change = planned.change
    return (
        f"| {planned.kind} {code(change.name)} | {VERBS[change.action]} | {_MARKS[change.loss]}"
        f" | {_what(planned)} |\n"
    )


def _block(planned: Planned) -> str:
    """The folded details of one change; empty where the table says it all."""
    change = planned.change
    lines = [_detail(detail) for detail in change.details]
    in_head = len(lines) == 1 and not change.details[0].reason
    short = len(change.details[0].text) <= _ROW_LENGTH
    body = [] if in_head and (short or change.action is Action.CREATE) else ["\n".join(lines)]
    if planned.columns:
        body.append("Its columns:\n\n" + _columns(planned.columns))
    before, after = planned.bytes
    if before is not None or after is not None:
        scanned = [schedule_table.size(number) for number in planned.bytes]
        body.append(f"Its query scans {scanned[0]}, then {scanned[1]} (dry run).")
    if planned.broken:
        body.append(f"❌ Broken by this change: {', '.join(map(code, planned.broken))}.")
    if planned.downstream:
        title = f"Downstream ({len(planned.downstream)})"
        body.append(folded(title, _downstream(planned.downstream) + "\n").strip())
    if planned.not_understood:
        names = ", ".join(map(code, planned.not_understood))
        body.append(f"Not checked, because the analyser does not understand it: {names}.")
    if not body:
        return ""
    title = f"{planned.kind} <code>{html(change.name)}</code>: {VERBS[change.action]}"
    return folded(title, "\n\n".join(body) + "\n", is_open=change.loss >= Loss.WARNING)


def _detail(detail: Detail) -> str:
    reason = f"; {plain(detail.reason)}" if detail.reason else ""
    mark = "" if detail.loss is Loss.NONE else f"{_MARKS[detail.loss].split()[0]} "
    return f"- {mark}{_short(detail.text, 500)}{reason}"


def _columns(columns: Iterable[ColumnEffect]) -> str:
    rows = [f"| {code(c.column)} | {_type(c.before)} | {_type(c.after)} |" for c in columns]
    return "\n".join(["| column | before | after |", "| --- | --- | --- |", *rows])


def _downstream(effects: Sequence[Effect]) -> str:
    rows = []
    for effect in effects[:_MOST_DOWNSTREAM]:
        label = f"{routine_kind(effect.kind)} {code(effect.name)}"
        rendered = "<br>".join([*map(_column_effect, effect.columns), *_reads(effect)])
        rows.append(f"| {label} | {rendered} |")
    if len(effects) > _MOST_DOWNSTREAM:
        rows.append(f"| and {len(effects) - _MOST_DOWNSTREAM} more | |")
    return "\n".join(["| object | effect |", "| --- | --- |", *rows])


def _column_effect(column: ColumnEffect) -> str:
    source = ", ".join(map(code, column.comes_from))
    comes = f" from {source}" if source else ""
    if column.before != column.after:
        return f"{code(column.column)}{comes}: {_type(column.before)} → {_type(column.after)}"
    return f"{code(column.column)} {_type(column.after)}{comes}"


def _reads(effect: Effect) -> list[str]:
    if not effect.reads:
        return []
    calls = [place for place in effect.reads if place.endswith("()")]
    reads = [place for place in effect.reads if place not in calls]
    parts = [f"reads {', '.join(map(code, reads))}"] if reads else []
    return parts + ([f"calls {', '.join(map(code, calls))}"] if calls else [])


def _preview(plan: Plan) -> str:
    # A fence inside would end the block.
    return plan.preview.replace("```", "'''").strip()


def _type(kind: str | None) -> str:
    return "none" if kind is None else code(kind)


def _short(text: str, most: int) -> str:
    written = " ".join(text.split())
    return plain(written if len(written) <= most else f"{written[: most - 1]}…")


def _quoted(text: str) -> str:
    return '"' + line(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
