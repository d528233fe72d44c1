"""Every rule of the analysis: its id, what it refuses and how to fix it.

`python -m bqstack.analysis.rules` prints them as a table for a page.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """`allowable`: a comment `-- validate: allow <id> <why>` silences it in one statement."""

    id: str
    refuses: str
    hint: str
    allowable: bool = False


_ALL = (
    Rule("syntax", "text that is not BigQuery SQL", "the caret marks where parsing stopped"),
    Rule(
        "file",
        "a file that the catalogue cannot read: folder, template, header or name",
        "a file is sql/<kind>/<object>.sql and holds that object's CREATE statement",
    ),
    Rule(
        "unknown-column",
        "a column, field or variable that does not exist or is not in scope",
        "sql/ declares the schema; variables are visible after their DECLARE",
    ),
    Rule(
        "missing-object",
        "a table, view, function or procedure that nothing declares",
        "add its file to sql/; a table of another dataset is declared in sql/elsewhere/",
        allowable=True,
    ),
    Rule(
        "wrong-type",
        "a value whose type does not fit its place",
        "CAST it, or change the declared type",
    ),
    Rule(
        "wrong-arguments",
        "a call whose arguments fit no signature in number or type",
        "compare with the declaration of the routine",
    ),
    Rule(
        "column-count",
        "rows that have more or fewer values than the columns they are for",
        "name the columns and give each one value",
    ),
    Rule(
        "aggregation",
        "a column outside GROUP BY, or an aggregate or window function where none is allowed",
        "group by it, aggregate it, or move the condition to HAVING or QUALIFY",
    ),
    Rule("ambiguous", "a name that could mean several columns", "prefix it with the table's alias"),
    Rule(
        "hidden-name",
        "the bare name of an argument or variable where a column of that name is meant instead: "
        "the column wins, silently; or the bare name of a column that is named like its table, "
        "where the row wins",
        "rename the argument or variable; for the column prefix it with the table's alias",
        allowable=True,
    ),
    Rule("duplicate", "the same name declared or set twice", "rename or remove one of them"),
    Rule(
        "semantics",
        "anything else that Google's analyser refuses",
        "the message comes from Google's analyser",
    ),
    Rule(
        "column-order",
        "columns of a table matched by position: INSERT without a column list, INSERT ROW, "
        "UNION and the like, INSERT and SET over its `SELECT *`, also through WITH, a view or a "
        "temp table",
        "name the columns: BigQuery appends a new one at the end, wherever the file has it",
        allowable=True,
    ),
    Rule(
        "required-column",
        "an INSERT that leaves out a NOT NULL column without a default",
        "give the column a value",
    ),
    Rule(
        "duplicate-source",
        "MERGE or UPDATE ... FROM whose source may match a row twice: BigQuery stops it, "
        "and only on the day the data does",
        "make the source unique on the joined columns: GROUP BY, DISTINCT, "
        "or QUALIFY ROW_NUMBER() OVER (PARTITION BY key ORDER BY ...) = 1",
        allowable=True,
    ),
    Rule(
        "permanent-ddl",
        "CREATE, ALTER or DROP of a permanent object inside a procedure",
        "declare the object in sql/, or make it a TEMP TABLE",
        allowable=True,
    ),
    Rule(
        "unfiltered-read",
        "a partitioned table read without a filter that lets BigQuery prune partitions",
        "compare the partition column with a value known before the query starts: "
        "a literal, parameter or variable; a subquery or another column does not count",
        allowable=True,
    ),
    Rule(
        "materialized-view",
        "what BigQuery does not support in a materialized view, or only in preview",
        "https://cloud.google.com/bigquery/docs/materialized-views-create#query_limitations, "
        "or make it a view",
        allowable=True,
    ),
    Rule(
        "dynamic-sql",
        "EXECUTE IMMEDIATE of a text that is not one literal: data could become SQL",
        "write the statement out, or pass values with USING",
        allowable=True,
    ),
    Rule(
        "reference-form",
        "a reference whose parts are not quoted one by one",
        "`{{ project }}`.`{{ dataset }}`.name",
    ),
    Rule(
        "hard-coded-name",
        "the project or dataset of one stack, hard-coded in a file",
        "use {{ project }} and {{ dataset }}",
    ),
    Rule(
        "recursion",
        "objects that need each other",
        "BigQuery can create neither; break the cycle",
    ),
    Rule("view-depth", "views nested deeper than BigQuery's 16 levels", "flatten the chain"),
    Rule("call-depth", "routines that call each other deeper than 16", "flatten the chain"),
    Rule("argument-count", "a routine with more than 256 arguments", "pass a STRUCT"),
    Rule(
        "text-size",
        "a view over 262,144 characters or a statement over 1,048,576",
        "split it",
    ),
    Rule(
        "allow-comment",
        "an allow comment with an unknown rule, without a reason, or that allows nothing",
        "-- validate: allow <rule> <why>, inside or right above the statement",
    ),
)

RULES = {rule.id: rule for rule in _ALL}


def markdown() -> str:
    """The rules as a table in Markdown."""
    rows = [f"| `{r.id}` | {r.refuses} | {r.hint} | {'yes' if r.allowable else ''} |" for r in _ALL]
    head = "| rule | refuses | how to fix it | can be allowed |\n| --- | --- | --- | --- |"
    return "\n".join([head, *rows])


if __name__ == "__main__":
    print(markdown())
