"""Google's parser and analyser, set up for BigQuery's dialect."""

from __future__ import annotations

import re
from collections.abc import Callable

from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service
from zetasql.wasi._pb2.zetasql.proto.options_pb2 import (
    AnalyzerOptionsProto,
    LanguageOptionsProto,
    ZetaSQLBuiltinFunctionOptionsProto,
)
from zetasql.wasi._pb2.zetasql.proto.simple_catalog_pb2 import SimpleCatalogProto
from zetasql.wasi._pb2.zetasql.public import options_pb2
from zetasql.wasi._pb2.zetasql.public.type_pb2 import TypeProto

from bqstack.analysis import analyser_types, google_functions, google_names, table_calls
from bqstack.analysis.tree import Node
from bqstack.analysis.wasm import Aborted, CallFailed, Machine

# Features of the analyser that BigQuery does not have: with them on, a statement would
# pass here and fail there.
_NOT_IN_BIGQUERY = (
    # No JSON is grouped or compared.
    "JSON_TYPE_COMPARISON",
    "AGGREGATE_FILTERING",
    "ARRAY_AGGREGATION_FUNCTIONS",
    "ARRAY_EQUALITY",
    "ARRAY_FIND_FUNCTIONS",
    "ARRAY_ORDERING",
    "ARRAY_ZIP",
    "DML_RETURNING",
    "DOT_PRODUCT",
    "ENABLE_MEASURES",
    "FIRST_AND_LAST_N",
    "FOR_UPDATE",
    "INLINE_LAMBDA_ARGUMENT",
    "INSERT_ON_CONFLICT_CLAUSE",
    "LATERAL_JOIN",
    "LIMIT_OFFSET_EXPRESSIONS",
    "MANHATTAN_DISTANCE",
    "MULTILEVEL_AGGREGATION",
    "MULTIWAY_UNNEST",
    "PI_FUNCTIONS",
    "TIMESTAMP_NANOS",
    "UNNEST_AND_FLATTEN_ARRAYS",
    "UUID_TYPE",
)
# Features that BigQuery has, and that the analyser's largest set lacks.
_ALSO_IN_BIGQUERY = (
    "ALTER_COLUMN_SET_DATA_TYPE",
    "COLLATION_IN_EXPLICIT_CAST",
    "COLLATION_IN_WITH_RECURSIVE",
    "COLLATION_SUPPORT",
    "CREATE_EXTERNAL_TABLE_WITH_PARTITION_COLUMNS",
    "CREATE_INDEX_PARTITION_BY",
    "CREATE_TABLE_CLONE",
    "CREATE_VIEWS_WITH_COLUMN_OPTIONS",
    "DIFFERENTIAL_PRIVACY",
    "ENABLE_ALTER_ARRAY_OPTIONS",
    "EXTERNAL_SECURITY_PROCEDURE",
    "LIKE_ANY_SOME_ALL_ARRAY",
    "LIKE_ANY_SOME_ALL_SUBQUERY",
    "NON_SQL_PROCEDURE",
    "PIPE_WITH",
)
# Words that are names to the analyser unless it is asked to reserve them.
_RESERVED = ("MATCH_RECOGNIZE",)
_FAMILIES_NOT_IN_BIGQUERY = ("PIPE_", "PROTO_", "SQL_GRAPH")
_PLACE = re.compile(r"\s*\[at (\d+):(\d+)\]\s*$")


class SqlError(Exception):
    """What the analyser refuses; `line` and `column` count from 1 in the text given to it."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message, self.line, self.column = message, line, column


class Unanalysable(Exception):
    """The analyser broke down over a statement that may be correct."""


class Analyser:
    """One running analyser, for one thread at a time.

    Catalogues are registered once and named by a number.
    """

    def __init__(self, on_compile: Callable[[], None] | None = None) -> None:
        self._machine = Machine(on_compile)
        self._catalogues: list[SimpleCatalogProto] = []
        self._registered: dict[int, int] = {}
        self._language = self._language_options()
        self._options = AnalyzerOptionsProto(
            language_options=self._language,
            error_message_mode=options_pb2.ERROR_MESSAGE_ONE_LINE,
            parse_location_record_type=options_pb2.PARSE_LOCATION_RECORD_FULL_NODE_SCOPE,
        )
        for name, kind in google_names.SYSTEM_VARIABLES.items():
            self._options.system_variables.add(
                name_path=name.split("."), type=analyser_types.parsed(kind)
            )
        for name, kind in google_names.RUN_PARAMETERS.items():
            self._options.query_parameters.add(name=name, type=analyser_types.parsed(kind))

    def parse(self, sql: str) -> Node:
        """Tree of a script or statement; raises SqlError or Unanalysable."""
        request = service.ParseRequest(sql_statement=sql, allow_script=True, options=self._language)
        try:
            reply = self._machine.call("Parse", request, service.ParseResponse)
        except CallFailed as error:
            raise _sql_error(str(error)) from None
        except Aborted as error:
            raise self._broken(error) from None
        return Node(reply.parsed_script)

    def register(self, catalogue: SimpleCatalogProto) -> int:
        """Number of the catalogue, to which Google's own functions are added."""
        functions = ZetaSQLBuiltinFunctionOptionsProto(language_options=self._language)
        catalogue.builtin_function_options.CopyFrom(functions)
        self._catalogues.append(catalogue)
        return len(self._catalogues) - 1

    def analyse(self, catalogue: int, sql: str, target: TypeProto | None = None) -> Node:
        """Resolved tree of one statement; raises SqlError or Unanalysable.

        With `target`, a query of one column must have that type or be coerced to it, as
        an assignment is.
        """
        options = self._options
        if target is not None:
            options = AnalyzerOptionsProto()
            options.CopyFrom(self._options)
            options.target_column_types.append(target)
        text, calls = table_calls.renamed(google_functions.renamed(sql))
        request = service.AnalyzeRequest(options=options, sql_statement=text)
        if calls:
            own = google_functions.with_calls(self._catalogues[catalogue], calls)
            request.simple_catalog.CopyFrom(own)
            request.descriptor_pool_list.CopyFrom(service.DescriptorPoolListProto())
        else:
            request.registered_catalog_id = self._id(catalogue)
        try:
            reply = self._machine.call("Analyze", request, service.AnalyzeResponse)
        except CallFailed as error:
            raise _sql_error(str(error)) from None
        except Aborted as error:
            raise self._broken(error) from None
        return Node(reply.resolved_statement)

    def _broken(self, error: Aborted) -> Unanalysable:
        # A new instance knows no catalogue yet.
        self._machine = Machine()
        self._registered.clear()
        return Unanalysable(f"the analyser failed: {error}")

    def _id(self, catalogue: int) -> int:
        """The running instance's own number of a catalogue."""
        if catalogue not in self._registered:
            request = service.RegisterCatalogRequest(
                simple_catalog=self._catalogues[catalogue],
                descriptor_pool_list=service.DescriptorPoolListProto(),
            )
            reply = self._machine.call("RegisterCatalog", request, service.RegisterResponse)
            self._registered[catalogue] = reply.registered_id
        return self._registered[catalogue]

    def _language_options(self) -> LanguageOptionsProto:
        request = service.LanguageOptionsRequest(maximum_features=True)
        language = self._machine.call("GetLanguageOptions", request, LanguageOptionsProto)
        language.product_mode = options_pb2.PRODUCT_EXTERNAL
        # An empty list means all kinds.
        language.ClearField("supported_statement_kinds")
        wanted = [f for f in language.enabled_language_features if _in_bigquery(f)]
        del language.enabled_language_features[:]
        language.enabled_language_features.extend(wanted)
        language.enabled_language_features.extend(map(_feature, _ALSO_IN_BIGQUERY))
        language.reserved_keywords.extend(_RESERVED)
        return language


def _feature(name: str) -> int:
    return int(options_pb2.LanguageFeature.Value(f"FEATURE_{name}"))


def _in_bigquery(feature: int) -> bool:
    name = options_pb2.LanguageFeature.Name(feature).removeprefix("FEATURE_")
    return name not in _NOT_IN_BIGQUERY and not name.startswith(_FAMILIES_NOT_IN_BIGQUERY)


def _sql_error(text: str) -> SqlError:
    message = google_functions.shown(re.sub(r"^Code: \d+, Message: ", "", text))
    place = _PLACE.search(message)
    if place is None:
        return SqlError(message)
    return SqlError(message[: place.start()], int(place[1]), int(place[2]))
