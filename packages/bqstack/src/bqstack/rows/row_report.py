"""Rows that differ, for a terminal and for the comment of a pull request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from bqstack import amounts, markup
from bqstack.rows.row_diff import Example, ObjectDiff, RowDiff
from bqstack.unchecked import JsonMapping

LIMIT = 20_000
"""Most bytes of the Markdown: it shares its comment with the plans."""
_MOST_VALUE = 60
_MOST_COLUMNS = 8
# More names than these say less than their number.
_MOST_ALIKE = 10


def text(found: RowDiff) -> str:
    """A few lines for each object that differs, one for the others."""
    lines = [f"{found.stack}: {found.base} -> {found.head}"]
    alike = [one for one in found.objects if not one.differs and not one.unknown]
    is_long = len(alike) > _MOST_ALIKE
    for one in found.objects:
        if is_long and one in alike:
            continue
        lines.append(f"{one.kind} {one.name}: {_summary(one)}")
        if one.differs:
            lines += [f"    {line}" for line in _columns(one, str)]
            lines += [f"    {_example(example)}" for example in one.examples]
    if not found.objects:
        lines.append("the change affects no views or functions")
    if is_long:
        lines.append(f"{_many(alike, found)} have the same rows")
    lines += found.notes
    if found.left_out:
        lines.append(f"not compared, too many: {', '.join(found.left_out)}")
    return "\n".join(lines)


def render(found: RowDiff) -> str:
    """The same as Markdown, in LIMIT at most; what is left out is counted."""
    head = f"### Rows {found.where} `{found.stack}`\n\n"
    head += f"{markup.code(found.base)} → {markup.code(found.head)}\n"
    if not found.objects:
        return f"{head}\nThe change affects no views or functions.\n"
    differing = [one for one in found.objects if one.differs]
    unknown = [one for one in found.objects if one.unknown]
    alike = [one for one in found.objects if not one.differs and not one.unknown]
    parts = [head]
    if differing:
        rows = "".join(_row(one) for one in differing)
        parts.append(
            "\n| object | rows before | after | removed | added | changed | columns that differ |\n"
            f"| --- | ---: | ---: | ---: | ---: | ---: | --- |\n{rows}"
        )
    if alike:
        many = len(alike) > _MOST_ALIKE
        which = _many(alike, found) if many else _names(alike)
        parts.append(f"\nSame rows as before: {which}.\n")
    parts += [f"\n{markup.plain(note)}\n" for note in found.notes]
    for one in unknown:
        parts.append(f"\nNot compared: {markup.code(one.name)}, {markup.plain(one.unknown)}.\n")
    if found.left_out:
        parts.append(
            f"\nNot compared, too many: {amounts.counted(len(found.left_out), 'object')} further"
            " below.\n"
        )
    return _fitted("".join(parts), [_block(one) for one in differing])


def _many(alike: Sequence[ObjectDiff], found: RowDiff) -> str:
    which = "all" if len(alike) == len(found.objects) else "the other"
    return f"{which} {len(alike)} tables and views"


def _fitted(top: str, blocks: Iterable[str]) -> str:
    found, missing = top, 0
    for block in blocks:
        if len(f"{found}{block}".encode()) > LIMIT - 200:
            missing += 1
        else:
            found += block
    more = (
        f"\nThe examples of {amounts.counted(missing, 'object')} are left out.\n" if missing else ""
    )
    return found + more


def _summary(one: ObjectDiff) -> str:
    if one.unknown:
        return f"not compared: {one.unknown}"
    of = f" of {amounts.counted(one.calls, 'call')}" if one.calls else ""
    if not one.differs:
        return f"the same {amounts.counted(one.before, 'row')}{of}"
    least = "at least " if one.is_cut else ""
    summary = f"{amounts.counted(one.before, 'row')}, then {one.after:,}{of}; {least}"
    counted = [("removed", one.removed), ("added", one.added), ("changed", one.changed)]
    words = ", ".join(f"{number:,} {word}" for word, number in counted if number)
    return summary + (words or "no difference in the common columns")


def _columns(one: ObjectDiff, shown: Any) -> list[str]:
    lines = []
    if one.new_columns:
        lines.append(f"new columns: {', '.join(map(shown, one.new_columns))}")
    if one.gone_columns:
        lines.append(f"removed columns: {', '.join(map(shown, one.gone_columns))}")
    if one.columns:
        counted = [f"{shown(name)} {number:,}" for name, number in one.columns.items()]
        lines.append(f"rows that differ, by column: {', '.join(counted)}")
    return lines


def _example(example: Example) -> str:
    if example.before is None:
        return f"added: {_values(example.after or {})}"
    if example.after is None:
        return f"removed: {_values(example.before)}"
    moved = ", ".join(
        f"{name} {_value(value)} -> {_value(example.after[name])}"
        for name, value in list(example.before.items())[:_MOST_COLUMNS]
    )
    return f"{_values(example.key)}: {moved}" if example.key else moved


def _values(row: JsonMapping) -> str:
    listed = [f"{name}={_value(value)}" for name, value in list(row.items())[:_MOST_COLUMNS]]
    more = f", {len(row) - _MOST_COLUMNS} more" if len(row) > _MOST_COLUMNS else ""
    return ", ".join(listed) + more


def _value(value: Any) -> str:
    written = json.dumps(value, ensure_ascii=False)
    return written if len(written) <= _MOST_VALUE else f"{written[: _MOST_VALUE - 1]}…"


def _names(objects: Iterable[ObjectDiff]) -> str:
    return ", ".join(markup.code(one.name) for one in objects)


def _row(one: ObjectDiff) -> str:
    counted = [f"{markup.code(name)} {number:,}" for name, number in one.columns.items()]
    counted += [f"{markup.code(name)} new" for name in one.new_columns]
    counted += [f"{markup.code(name)} gone" for name in one.gone_columns]
    more = f" and {len(counted) - _MOST_COLUMNS} more" if len(counted) > _MOST_COLUMNS else ""
    least = "at least " if one.is_cut else ""
    mark = "" if one.is_changed else " (below the change)"
    return (
        f"| {one.kind} {markup.code(one.name)}{mark} | {one.before:,} | {one.after:,}"
        f" | {least}{one.removed:,} | {least}{one.added:,} | {least}{one.changed:,}"
        f" | {', '.join(counted[:_MOST_COLUMNS])}{more} |\n"
    )


def _block(one: ObjectDiff) -> str:
    if not one.examples:
        return ""
    lines = "\n".join(f"- {markup.code(_example(example))}" for example in one.examples)
    by = f"Rows are told apart by {', '.join(map(markup.code, one.by))}.\n\n" if one.by else ""
    title = f"{one.kind} <code>{markup.html(one.name)}</code>: {len(one.examples)} examples"
    return markup.folded(title, f"{by}{lines}\n")
