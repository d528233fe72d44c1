"""What is replaced in local-bigquery is what was looked at when it was replaced.

`upstream.json` holds its version and a digest of each thing that `localgcp.bigquery` replaces,
before it does. After an upgrade read the sources that this test names, bring the modules named
with them up to date, and write the file again:
`EROS_WRITE_UPSTREAM=1 python -m pytest packages/localgcp/tests/test_upstream.py`.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

import localgcp.bigquery

PACKAGE = Path(localgcp.bigquery.__file__).parent
RECORD = Path(__file__).with_name("upstream.json")
UPSTREAM = "local_bigquery"
CHANGING = {"append", "extend", "insert", "setdefault", "update"}

# In a process of its own: other tests may have put the replacements in place.
DIGESTS = """
import hashlib, importlib, importlib.metadata, inspect, json, sys

def found(name):
    parts = name.split(".")
    for count in range(len(parts) - 1, 0, -1):
        try:
            value = module = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for part in parts[count:]:
            value = getattr(value, part)
        return value, module
    raise LookupError(name)

def label(one):
    if hasattr(one, "path"):
        return " ".join([one.path, *sorted(getattr(one, "methods", None) or ())])
    # An object without a name of its own is known by its kind: its repr may have an address.
    return one if isinstance(one, str) else getattr(one, "__name__", type(one).__name__)

def text(name):
    value, module = found(name)
    if inspect.isroutine(value) or inspect.isclass(value):
        if value.__module__.startswith("local_bigquery"):
            return inspect.getsource(value)
        if value.__module__.startswith("sqlglot"):
            try:
                return inspect.getsource(value)
            except (OSError, TypeError):
                return "sqlglot " + importlib.metadata.version("sqlglot")  # compiled
    if isinstance(value, (list, tuple, dict)):
        # Rules are put at places of their list.
        return "\\n".join(map(label, value))
    # What it uses of others, such as a module: how it uses it counts.
    return inspect.getsource(module)

names = json.load(sys.stdin)
json.dump({
    "version": importlib.metadata.version("local-bigquery"),
    "digests": {n: hashlib.sha256(text(n).encode()).hexdigest()[:16] for n in names},
}, sys.stdout)
"""


def replaced(source: str) -> set[str]:
    """Dotted names of local-bigquery that a module assigns to or changes."""
    tree = ast.parse(source)
    names = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == UPSTREAM
        for alias in node.names
    }

    def dotted(node: ast.expr) -> str | None:
        if isinstance(node, ast.Name):
            return names.get(node.id)
        if isinstance(node, ast.Attribute):
            above = dotted(node.value)
            return f"{above}.{node.attr}" if above else None
        return dotted(node.value) if isinstance(node, ast.Subscript) else None

    # A class of local-bigquery under a name of ours, such as its parser.
    for top in tree.body:
        if isinstance(top, ast.Assign) and isinstance(top.value, ast.Attribute):
            for target in top.targets:
                if isinstance(target, ast.Name) and (name := dotted(top.value)):
                    names[target.id] = name

    found: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                found += target.elts if isinstance(target, ast.Tuple) else [target]
        elif isinstance(node, ast.AugAssign):
            found.append(node.target)
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in CHANGING
        ):
            found.append(node.func.value)
    places = (one for one in found if not isinstance(one, ast.Name))
    return {name for one in places if (name := dotted(one))}


def ours() -> dict[str, set[str]]:
    """Modules of ours by the name of what they replace."""
    found = defaultdict(set)
    for file in sorted(PACKAGE.glob("*.py")):
        for name in replaced(file.read_text(encoding="utf-8")):
            found[name].add(file.stem)
    # By setattr in a loop.
    found[f"{UPSTREAM}.errors.from_exception"].add("disk")
    return dict(found)


def test_what_is_replaced_in_local_bigquery_is_what_was_looked_at():
    names = ours()
    done = subprocess.run(
        [sys.executable, "-c", DIGESTS],
        input=json.dumps(sorted(names)),
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )
    assert done.returncode == 0, done.stderr
    now = json.loads(done.stdout)
    if os.environ.get("EROS_WRITE_UPSTREAM"):
        RECORD.write_text(json.dumps(now, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    known = json.loads(RECORD.read_text(encoding="utf-8"))
    changed = {
        f"{name} ({', '.join(sorted(names[name]))})"
        for name, digest in now["digests"].items()
        if known["digests"].get(name) != digest
    }
    assert changed == set(), "read the new source; this file's docstring says how to go on"
    assert known["digests"].keys() == names.keys(), "no longer replaced: write the record again"
    assert now["version"] == known["version"], "look through the release notes, then write it again"


@pytest.mark.parametrize("module", sorted({m for modules in ours().values() for m in modules}))
def test_a_module_that_replaces_something_says_what_local_bigquery_does(module):
    text = ast.get_docstring(ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8")))
    assert text, module
    assert "local-bigquery" in text, "the reason is what local-bigquery does instead"


@pytest.mark.parametrize(
    ("source", "names"),
    [
        (
            "from local_bigquery.jobs import query\nquery._run = f",
            {"local_bigquery.jobs.query._run"},
        ),
        (
            "from local_bigquery.sql import rules as r\nr.A[:0] = [f]",
            {"local_bigquery.sql.rules.A"},
        ),
        ("from local_bigquery import errors\nerrors.S.update({})", {"local_bigquery.errors.S"}),
        (
            "from local_bigquery import a, b\na.x, b.y = 1, 2",
            {"local_bigquery.a.x", "local_bigquery.b.y"},
        ),
        (
            "from local_bigquery.sql import d\n_P = d.X.Parser\n_P.y = 1",
            {"local_bigquery.sql.d.X.Parser.y"},
        ),
        ("from local_bigquery.jobs import query\nrun = query._run", set()),
        ("from elsewhere import query\nquery._run = f", set()),
    ],
)
def test_a_replacement_is_found(source, names):
    assert replaced(source) == names
