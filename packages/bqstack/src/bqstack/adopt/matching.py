"""The program against what is there, object by object."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from pulumi.runtime.rpc import UNKNOWN

from bqstack import guard
from bqstack.adopt import undeclared
from bqstack.adopt.survey_parts import (
    ROUTINE_KINDS,
    Declared,
    Finding,
    Live,
    Status,
    Survey,
    Wanted,
)
from bqstack.catalogue import Catalogue, Table
from bqstack.guard import Change, Detail, column_changes, table_changes
from bqstack.unchecked import JsonMapping, JsonObject
from gcptypes import known
from gcptypes.records import DATASET, ROUTINE, TABLE, TRANSFER


def survey(
    stack: str,
    wanted: Wanted,
    present: Iterable[Live],
    catalogue: Catalogue,
    dataset: str,
    labels: Mapping[str, str] | None = None,
) -> Survey:
    """Compare what the program would create with what is `present`.

    Objects in `dataset` that it does not create are listed. `labels` are those that the program
    gives to every table.
    """
    present = list(present)
    declared = wanted.adopted
    pairs, rest = match(declared, [one for one in present if one.id not in wanted.managed])
    findings = [_pair(resource, pairs.get(resource.urn)) for resource in declared]
    findings += map(_unread, wanted.unread)
    known = {one.name for one in present if one.dataset == dataset} | catalogue.objects.keys()
    key = _key(present, dataset)
    findings += [
        _judged(finding, known, dataset, labels or {}, key)
        for finding in _leftover(rest, dataset, catalogue)
    ]
    ordered = sorted(findings, key=lambda f: (_rank(f), f.kind, f.name))
    return Survey(stack, tuple(ordered), import_file(wanted, ordered))


def match(
    declared: Sequence[Declared], present: Iterable[Live]
) -> tuple[dict[str, Live], list[Live]]:
    """Urn of each declared object to the one that exists, and what is left over.

    A scheduled query is known by its title; of several the one with the same query.
    """
    rest = list(present)
    pairs: dict[str, Live] = {}
    for resource in declared:
        fits = [one for one in rest if _same(resource, one)]
        query = _query(resource.inputs)
        fits.sort(key=lambda one: resource.type == TRANSFER and _query(one.inputs) != query)
        if fits:
            pairs[resource.urn] = fits[0]
            rest.remove(fits[0])
    return pairs, rest


def import_file(wanted: Wanted, findings: Iterable[Finding]) -> JsonObject:
    """The file for `pulumi import --file`: what exists, with the components that hold it."""
    ids = {
        (f.declared.type, f.declared.name): f.live.id
        for f in findings
        if f.live is not None and f.declared is not None
    }
    by_name = {entry["name"]: entry for entry in wanted.entries}
    needed: set[str] = set()

    def need(name: str | None) -> None:
        if name is not None and name in by_name and name not in needed:
            needed.add(name)
            need(by_name[name].get("parent"))

    resources = []
    for entry in wanted.entries:
        key = (entry["type"], entry.get("logicalName") or entry["name"])
        if key in ids:
            need(entry.get("parent"))
            need(entry.get("provider"))
            resources.append({**entry, "id": ids[key]})
    holders = [
        entry
        for entry in wanted.entries
        if entry["name"] in needed and (entry.get("component") or _is_provider(entry))
    ]
    file: JsonObject = {"resources": [*holders, *resources]}
    if wanted.name_table:
        file["nameTable"] = dict(wanted.name_table)
    return file


def _is_provider(entry: JsonMapping) -> bool:
    return str(entry["type"]).startswith("pulumi:providers:")


def _same(resource: Declared, one: Live) -> bool:
    if resource.type != one.type:
        return False
    inputs = resource.inputs
    match resource.type:
        case t if t == DATASET:
            return bool(inputs["datasetId"] == one.name)
        case t if t == TABLE:
            return (inputs["datasetId"], inputs["tableId"]) == (one.dataset, one.name)
        case t if t == ROUTINE:
            return (inputs["datasetId"], inputs["routineId"]) == (one.dataset, one.name)
    if resource.type != TRANSFER:
        record = known(resource.type)
        return all(inputs.get(key) == one.inputs.get(key) for key in record.names - {"project"})
    same_source = inputs.get("dataSourceId") == one.inputs.get("dataSourceId")
    return same_source and inputs.get("displayName") == one.name


def _query(inputs: JsonMapping) -> str:
    return str((inputs.get("params") or {}).get("query") or "")


def _pair(resource: Declared, one: Live | None) -> Finding:
    if one is None:
        kind, name = _kind(resource), _shown_name(resource)
        advice = "the first `up` creates it"
        return Finding(Status.ONLY_PROGRAM, kind, name, declared=resource, advice=advice)
    found = _compared(resource, one)
    if rest := undeclared.unknown(one):
        found = replace(
            found, advice=f"{found.advice}; the program does not declare: {', '.join(rest)}"
        )
    return found


def _unread(resource: Declared) -> Finding:
    own = known(resource.type).id_of({"project": "", **resource.inputs})
    place = f" as {own}" if own else ""
    advice = f"the first `up` creates it{place}; where it exists already, import it by hand"
    kind, name = known(resource.type).title, _shown_name(resource)
    return Finding(Status.UNREAD, kind, name, declared=resource, advice=advice)


def _compared(resource: Declared, one: Live) -> Finding:
    change = _change(resource, one)
    finding = Finding(Status.MATCHES, one.kind, one.name, one, resource, change)
    if change is None:
        return replace(finding, advice="imported as it is")
    finding = replace(finding, status=Status.DIFFERS)
    if not finding.blocks:
        return replace(finding, advice="imported; the first `up` changes it in place")
    return replace(
        finding,
        advice="change the program to match (the difference is written out), "
        "or allow the loss when the guard asks",
    )


def _kind(resource: Declared) -> str:
    match resource.type:
        case t if t == TABLE:
            return table_changes.kind(dict(resource.inputs))
        case t if t == ROUTINE:
            return ROUTINE_KINDS.get(str(resource.inputs.get("routineType")), "routine")
        case t if t == TRANSFER:
            return "scheduled query"
    return known(resource.type).title


def _shown_name(resource: Declared) -> str:
    own = known(resource.type).id_of({"project": "", **resource.inputs}) or resource.name
    return str(resource.inputs.get("displayName", own.rpartition("/")[2]))


def _change(resource: Declared, one: Live) -> Change | None:
    """What the first `up` does to the imported object; None for nothing."""
    new = _given(resource.inputs, one.inputs)
    unreadable = {key: new[key] for key in known(resource.type).unreadable if key in new}
    old = Declared(
        resource.urn,
        resource.type,
        resource.name,
        {**one.inputs, **unreadable},
        custom=True,
        protect=resource.protect,
    )
    found = guard.compare([old], [replace(resource, inputs=new)])
    return found[0] if found else None


def _given(inputs: JsonMapping, present: JsonMapping) -> JsonObject:
    """The program's inputs; what it will only know later is taken to be what is there."""
    return {key: present.get(key) if value == UNKNOWN else value for key, value in inputs.items()}


def _leftover(rest: Iterable[Live], dataset: str, catalogue: Catalogue) -> Iterable[Finding]:
    """What exists and is not declared: tables of other systems, and the unknown."""
    for one in rest:
        if one.type == TRANSFER:
            # Of `brain_alice` nothing is said in a survey of `brain`.
            if re.search(rf"(?<!\w){re.escape(dataset)}(?!\w)", _query(one.inputs)):
                advice = "pause or delete it, or it runs alongside the program's own"
                yield Finding(Status.ONLY_LIVE, one.kind, one.name, one, advice=advice)
        elif one.type != DATASET and one.dataset == dataset:
            known = catalogue.objects.get(one.name)
            if one.name in catalogue.adopted and isinstance(known, Table):
                yield _referred(one, known)
            else:
                advice = "left alone; to adopt it, move the file written for it into sql/"
                yield Finding(Status.ONLY_LIVE, one.kind, one.name, one, advice=advice)


def _key(present: Iterable[Live], dataset: str) -> str:
    """The key that the dataset gives to its tables; empty for Google's own."""
    inputs = next((o.inputs for o in present if o.type == DATASET and o.name == dataset), {})
    return str((inputs.get("defaultEncryptionConfiguration") or {}).get("kmsKeyName", ""))


def _judged(
    finding: Finding,
    known: Collection[str],
    dataset: str,
    labels: Mapping[str, str],
    key: str,
) -> Finding:
    """An object that only exists, with what keeps it from becoming a file."""
    one = finding.live
    if finding.status is not Status.ONLY_LIVE or one is None or one.type == TRANSFER:
        return finding
    project = str(one.inputs["project"])
    found = tuple(undeclared.refusals(one, known, project, dataset, labels, key))
    if not found:
        return finding
    advice = f"left alone; cannot be declared: {'; '.join(found)}"
    return replace(finding, undeclared=found, advice=advice)


def _referred(one: Live, known: Table) -> Finding:
    """A table that another system owns: its columns must be those that the SQL counts on."""
    resource = Declared("", TABLE, one.name, {"schema": list(known.schema)}, True, False)
    details = _missing(known, one)
    advice = f"change {known.path} to match" if details else "stays with its owner"
    change = None
    if details:
        change = Change(
            "", TABLE, one.name, guard.Action.UPDATE, details, one.inputs, resource.inputs
        )
    return Finding(Status.REFERRED, one.kind, one.name, one, change=change, advice=advice)


def _missing(known: Table, one: Live) -> tuple[Detail, ...]:
    """Columns that the SQL reads and that the live table has not, or has otherwise."""
    there = {field["name"].lower(): field for field in json.loads(str(one.inputs["schema"]))}
    found = []
    for field in known.schema:
        name = field["name"]
        other = there.get(name.lower())
        wanted = column_changes.type_of(field)
        if other is None:
            found.append(Detail(f"schema.{name}", f"column {name} {wanted} is missing"))
        elif column_changes.type_of(other) != wanted:
            text = f"column {name} is {column_changes.type_of(other)}, not {wanted}"
            found.append(Detail(f"schema.{name}", text))
    return tuple(found)


def _rank(finding: Finding) -> int:
    if finding.blocks:
        return 0
    order = (
        Status.DIFFERS,
        Status.MATCHES,
        Status.REFERRED,
        Status.ONLY_LIVE,
        Status.ONLY_PROGRAM,
        Status.UNREAD,
    )
    return 1 + order.index(finding.status)
