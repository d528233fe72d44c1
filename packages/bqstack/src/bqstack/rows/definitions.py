"""The objects of one side of a plan by name, with the statement that makes each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from sqlglot.tokenizer_core import TokenType

from bqstack.catalogue import scan
from bqstack.guard import inputs, routine_changes, table_changes
from bqstack.plan.sources import Side
from bqstack.unchecked import JsonMapping

FUNCTION, TABLE_FUNCTION = "SCALAR_FUNCTION", "TABLE_VALUED_FUNCTION"


@dataclass(frozen=True)
class Definition:
    """One object: `values` are its inputs in canonical form, `needs` the objects it names."""

    name: str
    kind: str
    values: JsonMapping
    text: str
    needs: tuple[str, ...]

    @property
    def holds_rows(self) -> bool:
        """Whether it is a table."""
        return self.kind in ("table", "external table")


class Definitions:
    """Everything in the dataset of a side."""

    def __init__(self, side: Side) -> None:
        found = [
            (r.name, r.type, inputs.canonical(r.type, r.inputs))
            for r in side.resources
            if r.custom and r.type in (table_changes.TYPE, routine_changes.TYPE)
        ]
        places = Counter((v.get("project", ""), v.get("datasetId", "")) for *_, v in found)
        self.project, self.dataset = (places.most_common(1) or [(("", ""), 0)])[0][0]
        own = {
            name: (type_, values)
            for name, type_, values in found
            if values.get("datasetId", "") == self.dataset
        }
        for name, schema in side.adopted.items():
            own.setdefault(name, (table_changes.TYPE, {"schema": schema}))
        self.by_name = {
            name: self._definition(name, type_, values, own)
            for name, (type_, values) in own.items()
        }

    def _definition(
        self, name: str, type_: str, values: JsonMapping, known: Collection[str]
    ) -> Definition:
        kind = (
            values["routineType"]
            if type_ == routine_changes.TYPE
            else table_changes.kind(dict(values))
        )
        view = values.get("view") or values.get("materializedView") or {}
        text = str(values.get("definitionBody") or view.get("query") or "")
        try:
            mentioned = scan.references(tuple(scan.tokenize(text)), self.project, self.dataset)
        except scan.ScanError:
            mentioned = []
        needs = dict.fromkeys(r.name for r in mentioned if r.name in known and r.name != name)
        return Definition(name, kind, values, text, tuple(needs))

    def above(self, names: Iterable[str]) -> list[Definition]:
        """These and everything that they need, what is needed first."""
        found: dict[str, tuple[str, ...]] = {}
        waiting = [name for name in names if name in self.by_name]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found[name] = self.by_name[name].needs
                waiting.extend(found[name])
        try:
            order = list(TopologicalSorter(found).static_order())
        except CycleError:
            order = sorted(found)
        return [self.by_name[name] for name in order]

    def below(self, names: Collection[str]) -> list[str]:
        """What reads or calls one of these, directly or not; the nearest first."""
        found: dict[str, None] = {}
        edge = set(names)
        while edge:
            edge = {
                name
                for name, one in self.by_name.items()
                if name not in found and name not in names and edge.intersection(one.needs)
            }
            found |= dict.fromkeys(sorted(edge))
        return list(found)

    def moved(self, text: str, dataset: str, names: Collection[str]) -> str:
        """The text with these names in another dataset of the project."""
        tokens = scan.tokenize(text)
        places = [
            second
            for first, dot, second, dot2, third in zip(
                *(tokens[offset:] for offset in range(5)), strict=False
            )
            if (first.token_type, first.text) == (TokenType.IDENTIFIER, self.project)
            and (second.token_type, second.text) == (TokenType.IDENTIFIER, self.dataset)
            and dot.text == dot2.text == "."
            and third.text in names
        ]
        for token in reversed(places):
            text = f"{text[: token.start]}`{dataset}`{text[token.end + 1 :]}"
        return text
