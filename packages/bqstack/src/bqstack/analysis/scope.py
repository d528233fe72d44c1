"""What a statement can refer to, as a catalogue of the analyser.

Catalogues nest as project, dataset, object. Tables and signatures are declared in sql/;
the columns of views and table functions are added as their queries are analysed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from zetasql.wasi._pb2.zetasql.proto.function_pb2 import (
    FunctionArgumentTypeOptionsProto,
    FunctionArgumentTypeProto,
    FunctionProto,
    FunctionSignatureProto,
    ProcedureProto,
    TableValuedFunctionProto,
    TVFRelationColumnProto,
    TVFRelationProto,
)
from zetasql.wasi._pb2.zetasql.proto.simple_catalog_pb2 import SimpleCatalogProto
from zetasql.wasi._pb2.zetasql.public import function_pb2 as enums
from zetasql.wasi._pb2.zetasql.public.simple_constant_pb2 import SimpleConstantProto
from zetasql.wasi._pb2.zetasql.public.simple_table_pb2 import SimpleColumnProto, SimpleTableProto
from zetasql.wasi._pb2.zetasql.public.type_pb2 import TypeProto

from bqstack.analysis import analyser_types, any_type, google_functions, google_names
from bqstack.analysis.google_functions import below
from bqstack.catalogue.data_types import ALIASES
from bqstack.catalogue.elsewhere import Elsewhere
from bqstack.catalogue.sql_objects import Kind, Routine, SqlObject, Table

# The dataset under which a script may name its temporary tables.
SESSION = "_SESSION"

Columns = dict[str, TypeProto]
Key = frozenset[str]


@dataclass
class Facts:
    """What the checks know of a table, view, table function or temp table.

    `partition` is the column that a read must filter; `keys` are sets of columns that are
    unique; `required` are columns that every INSERT must give. Names are in lower case.
    """

    columns: Columns
    partition: str | None = None
    keys: list[Key] = field(default_factory=list)
    required: tuple[str, ...] = ()


class World:
    """Everything that has been declared so far. Facts are found by complete name."""

    def __init__(self, project: str, dataset: str, region: str) -> None:
        self._project, self._dataset, self._region = project, dataset, region
        self.facts: dict[str, Facts] = {}
        self.failed: set[str] = set()
        """Objects with mistakes of their own, whose shape is not known."""
        self.by_place: dict[str, frozenset[str]] = {}
        """Of tables, views and table functions, by complete name, the tables whose own order
        their columns are in: BigQuery's, not the file's."""
        self.filled: dict[str, frozenset[int]] = {}
        """Of procedures by complete name the places of arguments that they write."""
        self._names: set[str] = set()
        self.version = 0
        """Grows with each addition, so that a stale catalogue is noticed."""
        self._dataset_views, self._region_views = (
            SimpleCatalogProto(name="INFORMATION_SCHEMA", table=_views(views))
            for views in (google_names.DATASET_VIEWS, google_names.REGION_VIEWS)
        )
        self._meta_tables = list(_views({"__TABLES__": google_names.META_TABLES}))
        self._tables: list[SimpleTableProto] = []
        self._elsewhere: list[tuple[tuple[str, ...], SimpleTableProto]] = []
        self._functions: list[FunctionProto] = []
        self._table_functions: list[TableValuedFunctionProto] = []
        self._procedures: list[ProcedureProto] = []

    def declare(self, declared: SqlObject) -> None:
        """Add what the file states without analysis: a table or a routine's signature."""
        self._names.add(declared.name.lower())
        if isinstance(declared, Table):
            columns = {c["name"]: analyser_types.field(c) for c in declared.schema}
            partition = declared.partitioning["field"].lower() if declared.partitioning else None
            required = tuple(
                c["name"].lower()
                for c in declared.schema
                if c["mode"] == "REQUIRED" and "defaultValueExpression" not in c
            )
            facts = Facts(columns, partition, required=required)
            self.by_place[self.full_name(declared.name)] = frozenset({declared.name})
            self.add_table(declared.name, facts)
        elif isinstance(declared, Routine) and declared.kind is Kind.PROCEDURE:
            # A procedure gives nothing; the analyser aborts on a signature that says so.
            nothing = _fixed(analyser_types.parsed("INT64"))
            signature = FunctionSignatureProto(argument=_arguments(declared), return_type=nothing)
            self._procedures.append(ProcedureProto(name_path=[declared.name], signature=signature))
            self.filled[self.full_name(declared.name)] = frozenset(
                n for n, one in enumerate(declared.arguments) if one.mode in ("OUT", "INOUT")
            )
        elif isinstance(declared, Routine) and declared.is_template:
            given = list(_arguments(declared)), [one.name for one in declared.arguments]
            if declared.kind is Kind.FUNCTION:
                self._functions.append(any_type.function(declared.name, *given, declared.body))
            else:
                self._table_functions.append(
                    any_type.table_function(declared.name, *given, declared.body)
                )
        elif isinstance(declared, Routine) and declared.returns is not None:
            self.add_function(declared, analyser_types.standard(declared.returns))
        self.version += 1

    def add_table(self, name: str, facts: Facts) -> None:
        """Add a table, or a view whose columns are known now."""
        self.facts[self.full_name(name)] = facts
        self._tables.append(_table(name, self.full_name(name), facts.columns))
        self.version += 1

    def add_elsewhere(self, table: Elsewhere) -> None:
        """Add a table of another dataset."""
        columns = {c["name"]: analyser_types.field(c) for c in table.schema}
        full = ".".join(table.name).lower()
        partition = table.partition.lower() if table.partition else None
        hidden = {name: analyser_types.parsed(kind) for name, kind in table.pseudo_columns.items()}
        self.facts[full] = Facts(columns, partition)
        self.by_place[full] = frozenset({table.name[-1]})
        for path in (table.name, (".".join(table.name),)):
            # BigQuery takes a name in one pair of backticks apart.
            entry = _table(path[-1], full, columns)
            for name, kind in hidden.items():
                entry.column.append(SimpleColumnProto(name=name, type=kind, is_pseudo_column=True))
            self._elsewhere.append((path, entry))
        self.version += 1

    def add_function(self, declared: Routine, returns: TypeProto) -> None:
        """Add a function whose result is known now."""
        signature = FunctionSignatureProto(
            argument=_arguments(declared), return_type=_fixed(returns)
        )
        self._functions.append(
            FunctionProto(
                name_path=[declared.name], group="UDF", mode="SCALAR", signature=[signature]
            )
        )
        self.version += 1

    def add_table_function(self, declared: Routine, facts: Facts) -> None:
        """Add a table function whose columns are known now."""
        relation = TVFRelationProto(
            column=[TVFRelationColumnProto(name=n, type=t) for n, t in facts.columns.items()],
            is_value_table=False,
        )
        returns = FunctionArgumentTypeProto(
            kind=enums.ARG_TYPE_RELATION,
            options=FunctionArgumentTypeOptionsProto(relation_input_schema=relation),
            num_occurrences=1,
        )
        signature = FunctionSignatureProto(argument=_arguments(declared), return_type=returns)
        self._table_functions.append(
            TableValuedFunctionProto(
                name_path=[declared.name], signature=signature, type="FIXED_OUTPUT_SCHEMA_TVF"
            )
        )
        self.facts[table_function_key(declared.name)] = facts
        self.version += 1

    def names(self) -> frozenset[str]:
        """Names of all objects that sql/ declares, in lower case."""
        return frozenset(self._names)

    def full_name(self, name: str) -> str:
        """Complete name under which the analyser reports an object of the dataset."""
        return f"{self._project}.{self._dataset}.{name}".lower()

    def catalogue(
        self,
        variables: Mapping[str, TypeProto],
        temporary: Mapping[str, Facts],
        functions: Iterable[FunctionProto] = (),
    ) -> SimpleCatalogProto:
        """The analyser's catalogue with these script variables, temp tables and temp functions."""
        root = SimpleCatalogProto(
            name="root",
            named_type=[
                SimpleCatalogProto.NamedTypeProto(name=alias, type=analyser_types.parsed(kind))
                for alias, kind in ALIASES.items()
            ],
            custom_function=functions,
            table=[_table(name, name, facts.columns) for name, facts in temporary.items()],
            constant=[
                SimpleConstantProto(name_path=[name], type=kind) for name, kind in variables.items()
            ],
        )
        google_functions.add(root)
        below(root, SESSION).table.extend(root.table)
        project = below(root, self._project)
        dataset = below(project, self._dataset)
        dataset.table.extend([*self._tables, *self._meta_tables])
        dataset.custom_function.extend(self._functions)
        dataset.custom_tvf.extend(self._table_functions)
        dataset.procedure.extend(self._procedures)
        dataset.catalog.add().CopyFrom(self._dataset_views)
        for holder in (project, root):
            # A view without a project takes the one that it is created in.
            below(holder, self._region).catalog.add().CopyFrom(self._region_views)
        for path, table in self._elsewhere:
            holder = below(root, *path[:-1])
            # What a file declares counts, also of a view of Google's that is known already.
            for known in [one for one in holder.table if one.name.lower() == table.name.lower()]:
                holder.table.remove(known)
            holder.table.append(table)
        return root


def table_function_key(name: str) -> str:
    """Key of a table function's facts: the analyser tells only its last name."""
    return f"{name.lower()}()"


def _arguments(declared: Routine) -> Iterable[FunctionArgumentTypeProto]:
    for argument in declared.arguments:
        if argument.type is None:
            # ANY TYPE
            yield FunctionArgumentTypeProto(kind=enums.ARG_TYPE_ARBITRARY, num_occurrences=1)
        else:
            yield _fixed(analyser_types.standard(argument.type))


def _fixed(kind: TypeProto) -> FunctionArgumentTypeProto:
    # The analyser aborts on the default of zero occurrences.
    return FunctionArgumentTypeProto(kind=enums.ARG_TYPE_FIXED, type=kind, num_occurrences=1)


def _table(name: str, full_name: str, columns: Columns) -> SimpleTableProto:
    return SimpleTableProto(
        name=name,
        full_name=full_name,
        column=[
            SimpleColumnProto(name=column, type=kind, is_writable_column=True)
            for column, kind in columns.items()
        ],
    )


def _views(declared: dict[str, dict[str, str]]) -> Iterable[SimpleTableProto]:
    for name, columns in declared.items():
        yield _table(name, name, {c: analyser_types.parsed(kind) for c, kind in columns.items()})
