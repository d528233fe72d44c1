"""Walking a procedure: each statement in its scope, variables and temp tables known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from zetasql.wasi._pb2.zetasql.proto.function_pb2 import FunctionProto
from zetasql.wasi._pb2.zetasql.public import type_pb2
from zetasql.wasi._pb2.zetasql.public.type_pb2 import TypeProto

from bqstack.analysis import analyser_types, any_type, google_names, order, shape, temporary
from bqstack.analysis.analyser import SqlError, Unanalysable
from bqstack.analysis.file_check import Session
from bqstack.analysis.scope import Facts
from bqstack.analysis.tree import Node
from bqstack.analysis.unique_keys import Keys, named
from bqstack.catalogue.data_types import UnknownType

_BOOL = TypeProto(type_kind=type_pb2.TYPE_BOOL)
_STRING = TypeProto(type_kind=type_pb2.TYPE_STRING)
_NOTHING_TO_ANALYSE = frozenset(
    {
        "ASTBeginStatement",
        "ASTCommitStatement",
        "ASTRollbackStatement",
        "ASTBreakStatement",
        "ASTContinueStatement",
        "ASTReturnStatement",
    }
)


@dataclass
class _Registered:
    """The catalogue that the analyser holds, and what was in it."""

    number: int
    version: int
    variables: dict[str, TypeProto]
    temporary: dict[str, Facts]
    functions: dict[str, FunctionProto]


@dataclass
class Script:
    """One script; `arguments` are variables from the start."""

    session: Session
    arguments: dict[str, TypeProto] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._scopes: list[dict[str, TypeProto]] = [dict(self.arguments)]
        self._temporary: dict[str, Facts] = {}
        self._functions: dict[str, FunctionProto] = {}
        self._unknown: set[str] = set()
        self._declared: dict[str, TypeProto] = {}
        self._registered: _Registered | None = None

    def check(self, body: Node) -> None:
        """Check the statements of an ASTStatementList and all below it."""
        shape.check(body, self.session)
        order.check(body, self.session)
        for declaration in body.find("ASTVariableDeclaration"):
            kind = self._declared_type(declaration, report=False)
            for name in _names(declaration.get("variable_list")):
                if kind is not None:
                    self._declared.setdefault(name, kind)
        self._block(body)

    def _block(self, body: Node | None) -> None:
        if body is None:
            return
        self._scopes.append({})
        for statement in body.get("statement_list"):
            self._statement(statement)
        self._scopes.pop()

    def _statement(self, node: Node) -> None:
        kind = node.kind
        handler = getattr(self, f"_on_{kind}", None)
        if handler is not None:
            handler(node)
        elif kind in _NOTHING_TO_ANALYSE:
            self.session.count()
        else:
            self._sql(node)

    # Control flow

    def _on_ASTBeginEndBlock(self, node: Node) -> None:
        self._block(node.get("statement_list_node"))
        handlers = node.get("handler_list")
        for handler in handlers.get("exception_handler_list") if handlers else []:
            self._block(handler.get("statement_list"))

    def _on_ASTIfStatement(self, node: Node) -> None:
        self._value(node.get("condition"), _BOOL)
        self._block(node.get("then_list"))
        clauses = node.get("elseif_clauses")
        for clause in clauses.get("elseif_clauses") if clauses else []:
            self._value(clause.get("condition"), _BOOL)
            self._block(clause.get("body"))
        self._block(node.get("else_list"))

    def _on_ASTCaseStatement(self, node: Node) -> None:
        subject = node.get("expression")
        for clause in node.get("when_then_clauses").get("when_then_clauses"):
            condition = clause.get("condition")
            if subject is None:
                self._value(condition, _BOOL)
            else:
                compared = self.session.source.cut(subject.span)
                self._value(condition, _BOOL, prefix=f"({compared}) = ")
            self._block(clause.get("body"))
        self._block(node.get("else_list"))

    def _on_ASTWhileStatement(self, node: Node) -> None:
        condition = node.get("condition")
        if condition is not None:  # LOOP has none
            self._value(condition, _BOOL)
        self._block(node.get("body"))

    def _on_ASTRepeatStatement(self, node: Node) -> None:
        self._block(node.get("body"))
        self._value(node.get("until_clause").get("condition"), _BOOL)

    def _on_ASTForInStatement(self, node: Node) -> None:
        variable = node.get("variable").get("id_string").lower()
        query = self._analyse(node.get("query"))
        if query is None:
            self._unknown.add(variable)
            self._scopes.append({})
        else:
            fields = [
                (c.get("name"), c.get("column").type) for c in query.get("output_column_list")
            ]
            self._scopes.append({variable: analyser_types.struct(fields)})
        self._block(node.get("body"))
        self._scopes.pop()

    # Variables

    def _on_ASTVariableDeclaration(self, node: Node) -> None:
        kind = self._declared_type(node, report=True)
        default = node.get("default_value")
        if default is not None:
            result = self._value(default, kind)
            if kind is None and result is not None and node.get("type") is None:
                kind = result.get("output_column_list")[0].get("column").type
        else:
            self.session.count()
        for name in _names(node.get("variable_list")):
            if kind is None:
                self._unknown.add(name)
            else:
                self._scopes[-1][name] = kind

    def _declared_type(self, node: Node, report: bool) -> TypeProto | None:
        written = node.get("type")
        if written is None:
            return None
        text = self.session.source.cut(written.span)
        try:
            return analyser_types.parsed(text)
        except UnknownType:
            if report:
                self.session.report("wrong-type", f"Unknown type: {text}", written.span, node.span)
            return None

    def _on_ASTSingleAssignment(self, node: Node) -> None:
        variable = node.get("variable")
        self._value(node.get("expression"), self._target(variable, node))

    def _on_ASTAssignmentFromStruct(self, node: Node) -> None:
        variables = node.get("variables").get("identifier_list")
        targets = [self._target(variable, node) for variable in variables]
        known = [("", kind) for kind in targets if kind is not None]
        complete = len(known) == len(targets)
        self._value(
            node.get("struct_expression"), analyser_types.struct(known) if complete else None
        )

    def _on_ASTSystemVariableAssignment(self, node: Node) -> None:
        path = node.get("system_variable").get("path").get("names")
        name = ".".join(part.get("id_string") for part in path).lower()
        if name in google_names.SYSTEM_VARIABLES.keys() - google_names.WRITTEN_VARIABLES:
            self.session.report("semantics", f"@@{name} is read-only", node.span, node.span)
        else:
            self._sql(node)

    def _on_ASTCreateViewStatement(self, node: Node) -> None:
        if temporary.is_created(node):
            message = "BigQuery has no temporary views"
            hint = "make it a TEMP TABLE, or a query in WITH"
            self.session.report("semantics", message, node.span, node.span, hint)
        else:
            self._sql(node)

    def _target(self, variable: Node, statement: Node) -> TypeProto | None:
        name = variable.get("id_string").lower()
        kind = self._visible().get(name)
        if kind is None and name not in self._unknown:
            self.session.report(
                "unknown-column", f"Undeclared variable: {name}", variable.span, statement.span
            )
        return kind

    # Statements

    def _on_ASTRaiseStatement(self, node: Node) -> None:
        message = node.get("message")
        if message is None:
            self.session.count()
        else:
            self._value(message, _STRING)

    def _on_ASTCallStatement(self, node: Node) -> None:
        self._sql(node)
        name = ".".join(part.get("id_string") for part in node.get("procedure_name").get("names"))
        written = self.session.world.filled.get(name.lower(), frozenset())
        for place, argument in enumerate(node.get("arguments")):
            value = argument.get("expr")
            if place in written and (value is None or value.kind != "ASTPathExpression"):
                message = "the procedure writes this argument, which must be a variable"
                self.session.report("wrong-arguments", message, argument.span, node.span)

    def _on_ASTExecuteImmediateStatement(self, node: Node) -> None:
        self.session.note(node.span, "a dynamic statement is not analysed")

    def _sql(self, node: Node) -> None:
        resolved = self._analyse(node)
        if node.kind == "ASTCreateTableStatement" and temporary.is_created(node):
            self._create_temporary(node, resolved)
        elif node.kind == "ASTCreateFunctionStatement" and temporary.is_created(node):
            self._create_function(node, resolved)
        elif node.kind == "ASTDropStatement":
            self._temporary.pop(temporary.own_name(node.get("name")) or "", None)
        if resolved is None:
            return
        if resolved.has("table_scan") and resolved.kind != "ResolvedDeleteStmt":
            # New rows or values may break what was unique.
            written = resolved.get("table_scan").get("table").full_name.lower()
            if written in self._temporary:
                self._temporary[written].keys.clear()

    def _on_ASTAlterTableStatement(self, node: Node) -> None:
        resolved = self._analyse(node)
        name = temporary.own_name(node.get("path"))
        held = self._temporary.get(name or "")
        if name is None or held is None or resolved is None:
            return
        for renamed, facts in temporary.altered(held, resolved):
            self._temporary[name] = facts
            if renamed is not None:
                self._temporary[renamed] = self._temporary.pop(name)
                self._unknown.discard(renamed)
                name = renamed

    def _on_ASTAuxLoadDataStatement(self, node: Node) -> None:
        """LOAD DATA; a new temporary table has the columns that the statement says."""
        name = temporary.own_name(node.get("name"))
        is_new = name is not None and name not in self._temporary
        if name is not None and temporary.is_created(node) and is_new:
            given = node.get("table_element_list")
            if given is None or node.get("with_partition_columns_clause") is not None:
                self._unknown.add(name)
                reason = f"the columns of {name} come from its files"
                self.session.incomplete(node.span, reason)
                return
            made = self._analyse(given, prefix=f"CREATE TEMP TABLE `{name}` ")
            if made is None:
                self._unknown.add(name)
                return
            columns = {c.get("name"): c.get("type") for c in made.get("column_definition_list")}
            self._temporary[name] = Facts(columns)
            self._unknown.discard(name)
        self._analyse(node)

    def _create_temporary(self, node: Node, resolved: Node | None) -> None:
        name = shape.last_name(node)
        self._temporary.pop(name, None)
        if resolved is None:
            self._unknown.add(name)
            return
        if resolved.kind == "ResolvedCreateTableAsSelectStmt":
            outputs = resolved.get("output_column_list")
            columns = {c.get("name"): c.get("column").type for c in outputs}
            keys = named(Keys(self._facts()).of(resolved.get("query")), outputs)
        else:
            columns = {c.get("name"): c.get("type") for c in resolved.get("column_definition_list")}
            keys = []
        self._unknown.discard(name)
        self._temporary[name] = Facts(columns, keys=keys)

    def _create_function(self, node: Node, resolved: Node | None) -> None:
        path = node.get("function_declaration").get("name")
        name = ".".join(part.get("id_string") for part in path.get("names")).lower()
        self._functions.pop(name, None)
        if resolved is None:
            self._unknown.add(name)
            return
        signature = resolved.get("signature")
        self._unknown.discard(name)
        if not signature.return_type.HasField("type"):
            # ANY TYPE
            names = resolved.get("argument_name_list")
            self._functions[name] = any_type.function(
                name, signature.argument, names, resolved.get("code")
            )
            return
        self._functions[name] = FunctionProto(
            name_path=[name], group="UDF", mode="SCALAR", signature=[signature]
        )

    # The analyser

    def _value(self, node: Node, kind: TypeProto | None, prefix: str = "") -> Node | None:
        """Analyse an expression that must fit a type."""
        return self._analyse(node, prefix=f"SELECT {prefix}", target=kind)

    def _analyse(
        self, node: Node, prefix: str = "", target: TypeProto | None = None
    ) -> Node | None:
        session = self.session
        text = prefix + session.source.cut(node.span)
        try:
            resolved = session.analyser.analyse(self._catalogue(text), text, target)
        except SqlError as error:
            session.sql_error(error, node.span, len(prefix), self._unknown)
            return None
        except Unanalysable as error:
            session.incomplete(node.span, str(error))
            return None
        session.count()
        self._check_scope(resolved, node, prefix)
        names = self._visible().keys() | self._unknown
        session.problems(resolved, text, node.span, len(prefix.encode()), self._facts(), names)
        return resolved

    def _check_scope(self, resolved: Node, node: Node, prefix: str) -> None:
        """The catalogue holds all variables of the script; only some are visible here."""
        visible = self._visible()
        for constant in resolved.find("ResolvedConstant"):
            name = constant.get("constant").name.lower()
            if name not in visible:
                start = node.span[0] + constant.span[0] - len(prefix.encode())
                message = f"Variable {name} is not declared in this block"
                span = (start, start + len(name))
                self.session.report("unknown-column", message, span, node.span)

    def _catalogue(self, text: str) -> int:
        """Number of a catalogue that holds what the text may name; made new only if needed.

        Registering costs more than analysing, so a catalogue is kept while the variables
        and temp tables that it lacks are not mentioned.
        """
        variables = self._declared | self._visible()
        words = set(re.findall(r"\w+", text.lower()))
        held = self._registered
        if (
            held is None
            or held.version != self.session.world.version
            or _differ(variables, held.variables, words)
            or _differ(self._temporary, held.temporary, words)
            or any(self._functions.get(one) != held.functions.get(one) for one in words)
        ):
            catalogue = self.session.world.catalogue(
                variables, self._temporary, self._functions.values()
            )
            number = self.session.analyser.register(catalogue)
            version = self.session.world.version
            held = _Registered(
                number, version, variables, dict(self._temporary), dict(self._functions)
            )
            self._registered = held
        return held.number

    def _visible(self) -> dict[str, TypeProto]:
        return {name: kind for scope in self._scopes for name, kind in scope.items()}

    def _facts(self) -> Mapping[str, Facts]:
        return {**self.session.world.facts, **self._temporary}


def _differ(now: Mapping[str, object], held: Mapping[str, object], words: set[str]) -> bool:
    mentioned = [name for name in now.keys() | held.keys() if name.lower() in words]
    return any(now.get(name) != held.get(name) for name in mentioned)


def _names(identifiers: Node) -> list[str]:
    return [name.get("id_string").lower() for name in identifiers.get("identifier_list")]
