"""The pages: an index by kind, and one page per room with every object in full."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from bqstack import texts
from bqstack.catalogue.sql_objects import Kind, SqlObject
from eros.project import schedules
from eros.project.project import Project
from eros.project.settings import PROJECT_ROOT, Settings
from eros.reference import contacts, lists, relations, result_columns
from eros.reference.object_page import Known, section

INDEX = Path("docs/objects.md")
_FOLDER = Path("docs/objects")
_NOTE = "<!-- Written by `eros docs` from sql/ and config/; a test refuses edits. -->"
_TITLES = {
    Kind.TABLE: "Tables",
    Kind.EXTERNAL_TABLE: "External tables",
    Kind.LOCAL_TABLE: "Tables of the local stack",
    Kind.PROCEDURE: "Procedures",
    Kind.FUNCTION: "Functions",
    Kind.TABLE_FUNCTION: "Table functions",
    Kind.VIEW: "Views",
    Kind.MATERIALIZED_VIEW: "Materialized views",
}
_PAGES = {
    "tables": (Kind.TABLE, Kind.EXTERNAL_TABLE, Kind.LOCAL_TABLE),
    "procedures": (Kind.PROCEDURE,),
    "functions": (Kind.FUNCTION, Kind.TABLE_FUNCTION),
    "views": (Kind.VIEW, Kind.MATERIALIZED_VIEW),
}
_INTRODUCTIONS = {
    Kind.EXTERNAL_TABLE: "They belong to other systems: production refers to them and never"
    " declares them, other stacks create them.",
    Kind.LOCAL_TABLE: "What Google has and the local cloud must fill.",
    Kind.MATERIALIZED_VIEW: "BigQuery keeps them up to date; a change recreates them.",
}


def pages(
    settings: Settings, root: Path = PROJECT_ROOT, on_compile: Callable[[], None] | None = None
) -> dict[Path, str]:
    """Text of every page by its path below `root`; raises UserError.

    Settings of the local stack cover all objects. `on_compile` is called when this machine
    must first compile the analyser.
    """
    sql = Project(settings, root).sql
    entries = schedules.load(root)
    called = relations.scheduled(settings)
    known = Known(
        catalogue=sql,
        shapes=result_columns.shapes(sql, settings, on_compile),
        relations=relations.relations(sql, settings),
        scheduled=called,
        owners=relations.owners(sql, entries, called, settings),
        settings={
            item.name: relations.settings_of(texts.read(root / item.path, item.path))
            for item in sql
        },
        pages={
            item.name: next(page for page, kinds in _PAGES.items() if item.kind in kinds)
            for item in sql
        },
    )
    found = {INDEX: _index(known, entries)}
    for page, kinds in _PAGES.items():
        found[_FOLDER / f"{page}.md"] = _page(known, kinds)
    return found | lists.pages(settings, root) | contacts.page(root)


def differing(
    texts: dict[Path, str], root: Path = PROJECT_ROOT, *, folder: Path = _FOLDER
) -> list[Path]:
    """Files that are missing, say something else, or should not be in `folder` any more."""
    wrong = {
        path
        for path, text in texts.items()
        if not (root / path).is_file() or (root / path).read_text(encoding="utf-8") != text
    }
    there = {path.relative_to(root) for path in (root / folder).glob("*.*")}
    return sorted(wrong | (there - texts.keys()))


def _index(known: Known, entries: dict[str, schedules.Schedule]) -> str:
    lines = [
        _NOTE,
        "",
        "# Objects",
        "",
        "Everything in the dataset, from `sql/`. Each name leads to columns or arguments, layout,"
        " owner, and what the object reads, writes and calls, both ways.",
        "",
        "- **Values** (days, limits) are those of the local stack's settings; each object names the"
        " settings that it takes.",
        "- **Owner**: of the scheduled query that needs the object, directly or not; of anything"
        " else the owner of what it needs, or of what needs it; without either the stack's"
        " `eros:costOwner`. External tables belong to other systems.",
        "- On Google `job_history` is `INFORMATION_SCHEMA.JOBS_BY_PROJECT` of the region.",
        "",
        "## Scheduled queries",
        "",
        "From [config/schedules.yaml](../config/schedules.yaml); times are UTC unless they say"
        " `dailyAt`.",
        "",
        "| scheduled query | runs | priority | owner |",
        "| --- | --- | --- | --- |",
    ]
    # What all call, as to try again, is no schedule's own.
    by_users = sorted(known.scheduled.items(), key=lambda found: len(found[1]), reverse=True)
    procedures = {name: item for item, names in by_users for name in names}
    for name, entry in entries.items():
        when = entry.schedule or f"dailyAt {entry.daily_at} in the stack's time zone"
        called = known.link(procedures[name], "objects/")
        lines.append(f"| {called} | {when} | {entry.priority} | {entry.owner} |")
    for kind, title in _TITLES.items():
        items = _of_kind(known, [kind])
        lines += ["", f"## {title}", "", f"| {kind.value.replace('_', ' ')[:-1]} | what it is |"]
        lines += ["| --- | --- |"]
        lines += [
            f"| {known.link(o.name, 'objects/')} | {o.description.replace('|', '\\|')} |"
            for o in items
        ]
    return "\n".join(lines) + "\n"


def _page(known: Known, kinds: tuple[Kind, ...]) -> str:
    lines = [_NOTE, "", f"# {_TITLES[kinds[0]]}", "", "[All objects](../objects.md)", ""]
    for kind in kinds:
        if kind is not kinds[0]:
            lines += [f"## {_TITLES[kind]}", ""]
        if kind in _INTRODUCTIONS:
            lines += [_INTRODUCTIONS[kind], ""]
        for item in _of_kind(known, [kind]):
            lines += section(known, item)
    return "\n".join(lines).rstrip() + "\n"


def _of_kind(known: Known, kinds: Iterable[Kind]) -> list[SqlObject]:
    wanted = set(kinds)
    return sorted((o for o in known.catalogue if o.kind in wanted), key=lambda o: o.name)
