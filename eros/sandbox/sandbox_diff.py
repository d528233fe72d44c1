"""What a change did to the rows: of a sandbox beside its source, or of two programs.

`diff` compares the sandbox as it is now with the source as of the moment of its clones. `baseline`
runs the source's program and the working tree's on two sets of clones of that moment, with one
clock: whatever differs, the code did. Both sides are rendered with the source's settings, so that
what a sandbox has of its own, such as its names, is no difference.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bqstack import amounts
from bqstack.catalogue import scan
from bqstack.errors import UserError
from bqstack.guard import compare as changes_between
from bqstack.guard import writes_elsewhere
from bqstack.plan import impact, sources
from bqstack.rows import side_dataset, two_places
from bqstack.rows.definitions import Definitions
from bqstack.rows.frozen import literal
from bqstack.rows.row_diff import ObjectDiff, RowDiff
from bqstack.rows.side_dataset import Scratch
from bqstack.rows.twin import Twin
from eros.cloud.google import Google
from eros.project.settings import NAMESPACE, PROJECT_ROOT, Settings
from eros.project.stack_file import load_stack_file
from eros.sandbox import clonable, cloning, leases
from eros.sandbox.scripts import Script

if TYPE_CHECKING:
    from google.cloud import bigquery

_WHERE = "in the sandbox"
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Sides:
    """The source's program and the working tree's, and what is common to both."""

    source: Settings
    moment: datetime
    old: sources.Side
    new: sources.Side
    before: Definitions
    after: Definitions
    changed: frozenset[str]
    shared: frozenset[str]

    def named(self, text: str) -> list[str]:
        """Objects that a script names."""
        tokens = tuple(scan.tokenize(text))
        program = self.after
        return [one.name for one in scan.references(tokens, program.project, program.dataset)]

    def touches(self, text: str) -> bool:
        """Whether a script reaches an object that the change is in."""
        return any(item.name in self.changed for item in self.after.above(self.named(text)))

    def written(self, text: str) -> frozenset[str]:
        """Tables that a script writes on either side, itself or by the procedures it calls."""
        found: set[str] = set()
        for program in (self.before, self.after):
            texts = [item.text for item in program.above(self.named(text))]
            for one in (text, *texts):
                for write in writes_elsewhere.writes(one, program.project, ()):
                    name = write.target.rpartition(".")[2]
                    if name in program.by_name and program.by_name[name].holds_rows:
                        found.add(name)
        return frozenset(found)

    def behind(self, names: Collection[str], known: Sequence[str]) -> list[str]:
        """Of the known ones these, and what reads them: nothing else can differ."""
        below = {*self.before.below(names), *self.after.below(names)}
        return [name for name in known if name in names or name in below]


def diff(
    google: Google, only: Collection[str] = (), *, root: Path = PROJECT_ROOT, tell: Tell
) -> RowDiff:
    """Each table and view of the sandbox, with the source as of the clones; raises UserError."""
    sides = _sides(google, root, tell)
    source, own = sides.source, google.settings
    as_of = f"FOR SYSTEM_TIME AS OF {literal(sides.moment)}"

    def then(name: str) -> tuple[str, str]:
        return f"{source.dataset_reference}.`{name}`", as_of

    def now(name: str) -> tuple[str, str]:
        return then(name) if name in sides.shared else (f"{own.dataset_reference}.`{name}`", "")

    client = google.bigquery
    mark = uuid.uuid4().hex[:8]
    # What a killed command leaves behind goes with the sandbox.
    labels = own.names.labels
    old, new = f"rows_{mark}_before", f"rows_{mark}_after"
    scratches = (
        Scratch(client, source.dataset, old, sides.before, then, sides.moment, labels),
        Scratch(client, own.dataset, new, sides.after, now, labels=labels),
    )
    wanted = _wanted(sides, only)
    side_dataset.delete_old(client)
    try:
        for scratch, where in zip(scratches, (source.dataset, own.dataset), strict=True):
            tell(f"creating views over {where}")
            scratch.make(wanted, own.location)
        places = two_places.Places(client, scratches, sides.after, sides.changed)
        found = _compared(places, wanted, google.settings, tell)
    finally:
        for scratch in scratches:
            scratch.delete()
    note = f"{source.dataset} as of {sides.moment:%Y-%m-%d %H:%M:%S} UTC"
    return RowDiff(own.stack, note, own.dataset, found, where=_WHERE)


def baseline(
    google: Google,
    scripts: Callable[[Settings], Sequence[Script]],
    only: Collection[str] = (),
    *,
    root: Path = PROJECT_ROOT,
    tell: Tell,
    all_of_them: bool = True,
) -> RowDiff:
    """What the change does to the rows when these scripts run on both sides; raises UserError.

    `scripts` makes them from the settings of the source. Without `all_of_them` those run that the
    change touches.
    """
    sides = _sides(google, root, tell)
    chosen = list(scripts(sides.source))
    if not all_of_them:
        chosen = [one for one in chosen if sides.touches(one.text)]
    found, notes = on_twins(google.bigquery, google.settings, sides, chosen, only, tell)
    return RowDiff(
        google.settings.stack,
        sides.old.label,
        sides.new.label,
        found,
        notes=notes,
        where=_WHERE,
    )


def on_twins(
    client: bigquery.Client,
    own: Settings,
    sides: Sides,
    chosen: Sequence[Script],
    only: Collection[str],
    tell: Tell,
) -> tuple[tuple[ObjectDiff, ...], tuple[str, ...]]:
    """Run these scripts on both sides; what differs, and notes. Raises UserError.

    `own` are the settings of who compares.
    """
    source = sides.source
    written = frozenset[str]().union(*(sides.written(one.text) for one in chosen))
    wanted = sides.behind(written | sides.changed, _wanted(sides, only))
    needed = {*wanted, *(name for one in chosen for name in sides.named(one.text))}
    mark = uuid.uuid4().hex[:8]
    # Only what is written needs rows of its own.
    read = frozenset({*sides.before.by_name, *sides.after.by_name}) - written
    before, after = (
        Twin(
            client,
            source.dataset,
            f"rows_{mark}_{when}",
            definitions,
            sides.moment,
            sides.moment,
            read | sides.shared,
            own.names.labels,
        )
        for when, definitions in (("before", sides.before), ("after", sides.after))
    )
    twins = (before, after)
    side_dataset.delete_old(client)
    notes = [f"run on both sides: {', '.join(one.name for one in chosen) or 'nothing'}"]
    try:
        for twin in twins:
            tell(f"creating {len(written)} clones and the program in {twin.dataset}")
            twin.make(needed, own.location)
            if twin.wrong:
                # A run without all of its parts would show nothing.
                listed = "; ".join(f"{name}: {why}" for name, why in sorted(twin.wrong.items()))
                raise UserError(f"these objects of {twin.dataset} cannot be created: {listed}")
        for twin, program in zip(twins, (sides.before, sides.after), strict=True):
            for statement in leases.released(program, written):
                if why := twin.run(statement, (), own.limits.query_timeout_seconds):
                    raise UserError(f"a lock cannot be given back in {twin.dataset}: {why}")
        for script in chosen:
            tell(f"running {script.name} on both sides")
            failures = [
                twin.run(script.text, script.parameters, own.limits.daily_run_timeout_seconds)
                for twin in twins
            ]
            notes += _failures(script.name, failures, [twin.dataset for twin in twins])
        places = two_places.Places(client, twins, sides.after, sides.changed, same_ids=True)
        found = _compared(places, wanted, own, tell)
    finally:
        for twin in twins:
            twin.delete()
    return found, tuple(notes)


def _sides(google: Google, root: Path, tell: Tell) -> Sides:
    lease = google.settings.lease
    assert lease is not None
    source = load_stack_file(lease.source, root)
    moment = cloning.moment_of(google, source)
    tell(f"reading the program of stack {lease.source} and the working tree")
    old, new = sources.against_state(lease.source, root)
    changes = changes_between(old.resources, new.resources)
    changed = frozenset(change.name for change in changes if impact.needs_lineage(change))
    shared = clonable.shared_tables(source, root)
    return Sides(source, moment, old, new, Definitions(old), Definitions(new), changed, shared)


def _wanted(sides: Sides, only: Collection[str]) -> list[str]:
    known = two_places.names(sides.before, sides.after, sides.shared)
    if unknown := sorted(set(only) - set(known)):
        raise UserError(
            f"both sides have no table or view named {', '.join(unknown)}",
            key="--object",
            fix=f"one of: {', '.join(known)}",
        )
    return [name for name in known if not only or name in only]


def _compared(
    places: two_places.Places, wanted: list[str], settings: Settings, tell: Tell
) -> tuple[ObjectDiff, ...]:
    found = places.bytes(wanted)
    most = settings.limits.comparison_bytes
    usd = found / 2**40 * settings.usd_per_tib
    things = amounts.counted(len(wanted), "table or view", "tables and views")
    tell(f"comparing {things}: {amounts.size(found)}, {amounts.usd(usd)}")
    if found > most:
        raise UserError(
            f"the comparison reads {amounts.size(found)}, more than the limit of"
            f" {amounts.size(most)}",
            key=f"{NAMESPACE}:limits.comparisonBytes",
            value=most,
            fix="--object NAME compares one; or raise the limit:"
            f" pulumi config set --path '{NAMESPACE}:limits.comparisonBytes' {found}"
            f" --stack {settings.stack}",
        )
    return places.compare(wanted)


def _failures(name: str, failures: Sequence[str], datasets: Sequence[str]) -> list[str]:
    """Notes on a script that failed; failing on one side only is a difference."""
    plain = [text.replace(dataset, "") for text, dataset in zip(failures, datasets, strict=True)]
    if not any(failures):
        return []
    if plain[0] == plain[1]:
        return [f"{name} failed on both sides: {failures[1]}"]
    return [
        f"{name} {f'failed {when}: {text}' if text else f'succeeded {when}'}"
        for when, text in zip(("before the change", "after it"), failures, strict=True)
    ]


def document(found: RowDiff) -> dict[str, Any]:
    """The result as JSON, without the objects that are alike, whose number is there."""
    content = found.document()
    content["objects"] = [
        one
        for one, diff in zip(content["objects"], found.objects, strict=True)
        if diff.differs or diff.unknown
    ]
    content["same"] = sum(not one.differs and not one.unknown for one in found.objects)
    return content
