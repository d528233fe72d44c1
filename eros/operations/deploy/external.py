"""Live tables of other systems, against what the SQL takes them for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from google.api_core.exceptions import NotFound

from bqstack.catalogue import scan
from bqstack.catalogue.sql_objects import Kind, Routine, Table
from eros.operations.deploy.deployment import Finding, Level, Site
from eros.project.project import Project


def external_schemas(site: Site) -> list[Finding]:
    """The live tables of other systems have the columns that the SQL reads."""
    settings = site.google.settings
    if settings.external_tables != "adopt":
        text = "this stack creates its external tables itself"
        return [Finding("external schemas", Level.OK, text)]
    findings = []
    objects = list(Project(settings, site.root).sql)
    routines = [item for item in objects if isinstance(item, Routine)]
    external = [item for item in objects if item.kind is Kind.EXTERNAL_TABLE]
    for table in external:
        assert isinstance(table, Table)
        try:
            live = site.google.bigquery.get_table(
                f"{settings.project}.{settings.dataset}.{table.name}"
            )
        except NotFound:
            text = f"{table.name} does not exist"
            findings.append(Finding("external schemas", Level.FAILED, text))
            continue
        columns = [field.to_api_repr() for field in live.schema]
        findings += hidden(table, columns, routines)
        wrong = differences(table.schema, columns)
        if wrong:
            text = f"{table.name}: {'; '.join(wrong)}"
            fix = f"bring {table.path} and the live table together"
            findings.append(Finding("external schemas", Level.FAILED, text, fix))
    if findings:
        return findings
    text = f"{len(external)} tables have the columns that are read"
    return [Finding("external schemas", Level.OK, text)]


def differences(
    declared: tuple[dict[str, Any], ...], live: list[dict[str, Any]], prefix: str = ""
) -> list[str]:
    """What of the declared columns the live table lacks."""
    present = {column["name"].lower(): column for column in live}
    found = []
    for column in declared:
        name = f"{prefix}{column['name']}"
        other = present.get(column["name"].lower())
        if other is None:
            found.append(f"no column {name}")
            continue
        wanted, got = _type(column), _type(other)
        if wanted != got:
            found.append(f"{name} is {got}, read as {wanted}")
        elif column.get("fields"):
            nested = tuple(column["fields"])
            found += differences(nested, other.get("fields", []), f"{name}.")
    return found


def hidden(table: Table, live: list[dict[str, Any]], routines: Iterable[Routine]) -> list[Finding]:
    """Further live columns that take the name of an argument or variable from a routine.

    In GoogleSQL a column comes before an argument or variable of the same name, so a comparison
    with the argument becomes one of two columns, without an error. Other additional columns do
    no harm.
    """
    declared = {column["name"].lower() for column in table.schema}
    further = {name: c["name"] for c in live if (name := c["name"].lower()) not in declared}
    findings = []
    for routine in routines:
        if table.name not in routine.depends_on:
            continue
        for name in sorted(further.keys() & names_inside(routine)):
            text = (
                f"{table.name}: the additional column {further[name]} hides what {routine.name}"
                f" calls {name}"
            )
            fix = f"give it another name in {routine.path}, or the column one"
            findings.append(Finding("external schemas", Level.FAILED, text, fix))
    return findings


def names_inside(routine: Routine) -> set[str]:
    """Arguments and variables of a routine, in lower case."""
    words = [token.text.lower() for token in scan.tokenize(routine.sql)]
    names = {argument.name.lower() for argument in routine.arguments}
    for place, word in enumerate(words):
        if word == "declare":
            names |= set(_listed(words, place + 1))
        # FOR SYSTEM_TIME AS OF names nothing.
        elif word == "for" and words[place + 2 : place + 3] == ["in"]:
            names.add(words[place + 1])
    return names


def _listed(words: list[str], place: int) -> Iterator[str]:
    """The names of a list, the first of them at `place`."""
    yield words[place]
    while words[place + 1] == ",":
        place += 2
        yield words[place]


# The API's old names of types, and the SQL names that stand for the same.
_TYPES = {
    "INTEGER": "INT64",
    "FLOAT": "FLOAT64",
    "BOOLEAN": "BOOL",
    "STRUCT": "RECORD",
    "DECIMAL": "NUMERIC",
    "BIGDECIMAL": "BIGNUMERIC",
}


def _type(column: dict[str, Any]) -> str:
    kind = column["type"].upper()
    kind = _TYPES.get(kind, kind)
    return f"repeated {kind}" if column.get("mode") == "REPEATED" else kind
