"""From the analyser's messages to rules."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from bqstack.analysis import google_names

# The first pattern that is found decides.
_PATTERNS = (
    ("syntax", r"^Syntax error|^Illegal|^Unclosed|Unexpected end of (script|statement)"),
    ("column-count", r"column count|mismatched column|wrong number of columns"),
    (
        "missing-object",
        r"^(Table|Function|Procedure|Table-valued function|Catalog|Dataset|Model)[- \w]* not found"
        r"|is not a (table|function)",
    ),
    ("ambiguous", r"[Aa]mbiguous"),
    ("duplicate", r"[Dd]uplicate|more than once|multiple times|already (exists|declared)"),
    (
        "unknown-column",
        r"^Unrecognized name|not found inside|[Cc]olumn .* not (present|found)"
        r"|does not exist in|Field name|Cannot access field",
    ),
    (
        "wrong-arguments",
        r"signature for (aggregate |analytic )?function|[Nn]umber of arguments"
        r"|signature for table-valued|No matching signature for (procedure|TVF|[A-Z_]+\n)"
        r"|^Named argument ",
    ),
    (
        "aggregation",
        r"grouped nor aggregated|[Aa]ggregat|[Aa]nalytic function|QUALIFY|[Ww]indow",
    ),
    ("semantics", r"columns must be named"),
    (
        "wrong-type",
        r"^Type not found|has type|[Ee]xpected type|Expected \w+ expression|[Cc]oerc|Invalid cast"
        r"|signature for operator|should be|must be|incompatible type|Could not cast"
        r"|cannot be assigned|Invalid (date|timestamp|datetime)|not comparable|type",
    ),
)


# What Google's words leave open; the hint of the rule would lead elsewhere.
_HINTS = (
    (
        r"^Syntax error: Expected .* but got keyword DEFAULT",
        "after its type a column has DEFAULT, NOT NULL and OPTIONS, in this order",
    ),
    (
        r"^Syntax error: Expected end of input",
        "a comma may be missing before this; a file in sql/ holds one statement",
    ),
    (r"^Syntax error: Unexpected end", "something is missing at its end"),
    (
        r"^Syntax error: Expected \";\"",
        "the statement before it has no ; at its end, or is not the statement that it seems to be",
    ),
    (
        r"^Syntax error: Expected \",\"|^Syntax error: Expected \"\)\" or \",\"",
        "a comma or a bracket is missing before it, or one is too many",
    ),
    (r"columns must be named", "add AS and a name after it"),
    (
        r"^Unrecognized name: `?_PARTITION(TIME|DATE)\b",
        "only a table that is partitioned by load time has this column, and sql/ declares none;"
        " compare the column that the table is partitioned by",
    ),
    (
        r"^Unrecognized name: `?(_TABLE_SUFFIX|_FILE_NAME)\b",
        "only a wildcard or external table has this column: sql/elsewhere/ declares one",
    ),
)


def hint_of(message: str) -> str:
    """What to do about the message; empty where its rule says it."""
    for pattern, hint in _HINTS:
        if re.search(pattern, message, re.IGNORECASE):
            return hint
    return ""


def rule_of(message: str) -> str:
    """Id of the rule that the message belongs to."""
    for rule, pattern in _PATTERNS:
        if re.search(pattern, message):
            return rule
    return "semantics"


# Keywords that begin or join clauses, which people misspell.
_KEYWORD_LIST = (
    "BEGIN BETWEEN CASE CREATE CROSS DECLARE DELETE DISTINCT ELSE EXCEPT EXISTS EXECUTE FROM"
    " FUNCTION GROUP HAVING INNER INSERT INTERSECT INTO JOIN LEFT LIMIT MATCHED MERGE NULL ORDER"
    " OPTIONS OVER PARTITION PROCEDURE QUALIFY REPLACE RETURNS RIGHT SELECT STRUCT TABLE THEN UNION"
    " UNNEST UPDATE USING VALUES VIEW WHEN WHERE WHILE WINDOW WITH"
)
_KEYWORDS = _KEYWORD_LIST.split()
_TOKEN = re.compile(r"--.*|'[^']*'|\"[^\"]*\"|`[^`]*`|\w+|\S")
_LIKENESS = 0.75


def misspelt_keyword(lines: list[str], column: int) -> tuple[tuple[int, int], str]:
    """Place and right spelling of a slip at the end of `lines` before `column`, or "".

    Looked at are the word where the parser stopped, which is in the last line at `column`,
    and the two before it.
    """
    words = [
        (number, match.start() + 1, match[0])
        for number, line in list(enumerate(lines, 1))[-5:]
        for match in _TOKEN.finditer(line)
        if not match[0].startswith("--")
        if number < len(lines) or match.start() < column
    ]
    for number, start, word in reversed(words[-3:]):
        if not word.isalpha() or word.upper() in _KEYWORDS:
            continue
        close = get_close_matches(word.upper(), _KEYWORDS, n=1, cutoff=_LIKENESS)
        if close:
            return (number, start), close[0]
    return (len(lines), column), ""


def missing_name(message: str) -> str | None:
    """Name of the object that the message calls missing."""
    match = re.search(r" not found: (.+?)(?:; Did you mean .*)?$", message)
    return match[1].strip("`") if match else None


def shortened(message: str) -> str:
    """One line: what was wrong, without the list of every signature of an operator."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    kept = lines if len(lines) <= 4 else lines[:2]
    return "; ".join(kept)


def hint_of_google(message: str) -> str:
    """What to write where something is called that can only be Google's; else nothing.

    Only Google's names have no dataset of ours.
    """
    name = missing_name(message) or ""
    called = re.match(r"(Table-valued function|Function|Procedure) not found", message)
    if not called or "`" in name:
        return ""
    reason = "it is a function of Google's that the analyser does not know"
    if not name.lower().startswith(google_names.NOT_KNOWN):
        return (
            "BigQuery's reference has no function of this name; one of ours is written"
            f" `{{{{ project }}}}`.`{{{{ dataset }}}}`.{name}"
        )
    if re.match(r"(ML|AI)\.", name, re.IGNORECASE):
        reason = "its result depends on a model, and sql/ declares none"
    elif name.upper() == "EXTERNAL_QUERY":
        reason = "its columns come from another database"
    return (
        f"{reason}; let the statement pass without a check by this line above it:"
        f" -- validate: allow missing-object {name} is Google's"
    )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint that names the closest known object, or nothing."""
    close = get_close_matches(name.rsplit(".", 1)[-1], list(known), n=1, cutoff=_LIKENESS)
    return f"did you mean {close[0]}?" if close else ""
