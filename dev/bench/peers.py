"""What a user would take instead: dbt and SQLMesh on DuckDB, with as many models as our objects.

Their packages come from the registry into an environment of the benchmark's own. dbt 1.12 asks
for a parser from a download site beside the registry, so the newest before it is taken.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from dev.bench.benchmark import Figure, Figures, benchmark, ratio, seconds
from dev.bench.lab import BenchmarkError, Duration, Lab, run
from eros.project.project import Project
from eros.project.settings import PROJECT_ROOT

_PACKAGES = ("dbt-core<1.12", "dbt-duckdb", "sqlmesh")
_CASES = 100
# Neither asks its maker for anything while it is timed.
_QUIET = {
    "DO_NOT_TRACK": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "SQLMESH__DISABLE_ANONYMIZED_ANALYTICS": "true",
}
_FIRST = "SELECT 1 AS id, 'a' AS kind, 10 AS amount UNION ALL SELECT 2, 'b', 20"
_NEXT = """WITH before AS (SELECT id, kind, amount FROM {before})
SELECT id, kind, SUM(amount) + {number} AS amount, COUNT(*) AS rows_before
FROM before
WHERE amount > 0
GROUP BY id, kind"""


@benchmark("peers", "dbt and SQLMesh with as many models as we have objects, beside our commands")
def peers(lab: Lab) -> Figures:
    """Everything in turns in one run; each side's caches are as its user would have them."""
    count = len(Project.load("local").sql.objects)
    bin_folder = _installed(lab)
    quiet = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"} | _QUIET
    dbt = dbt_project(lab.folder("dbt"), count)
    sqlmesh = sqlmesh_project(lab.folder("sqlmesh"), count)
    ours = lab.cloud().backend
    cases = _sql_cases()

    def theirs(folder: Path, program: str, *words: str) -> Duration:
        return run([str(bin_folder / program), *words], environment=quiet, folder=folder)

    theirs(dbt, "dbt", "build", "--quiet")
    theirs(sqlmesh, "sqlmesh", "plan", "--auto-apply", "--no-prompts", "--skip-tests")
    pytest = [sys.executable, "-m", "pytest", "-q", "-n2", "-p", "no:cacheprovider", *cases]
    preview = ["pulumi", "preview", "--non-interactive", "--expect-no-changes", "--stack", "local"]
    tasks = {
        "dbt parse, no cache": lambda: theirs(dbt, "dbt", "parse", "--no-partial-parse"),
        "SQLMesh lint, no cache": lambda: _linted(sqlmesh, theirs),
        "eros validate --fresh": lambda: run(["eros", "validate", "--fresh"], environment=ours),
        "eros validate, nothing changed": lambda: run(["eros", "validate"], environment=ours),
        "SQLMesh plan, no change": lambda: theirs(
            sqlmesh, "sqlmesh", "plan", "--auto-apply", "--no-prompts", "--skip-tests"
        ),
        "pulumi preview, no change": lambda: run(preview, environment=ours),
        "dbt test, 100 unit tests": lambda: theirs(
            dbt, "dbt", "test", "--quiet", "--select", "test_type:unit"
        ),
        "SQLMesh test, 100 tests": lambda: theirs(sqlmesh, "sqlmesh", "test"),
        "pytest, 100 SQL cases": lambda: run(pytest, environment=dict(os.environ)),
    }
    found = dict(zip(tasks, lab.in_turns(*tasks.values()), strict=True))
    return Figures(tuple(_figures(found)), {"models": count} | _versions(bin_folder))


def _figures(found: dict[str, list[Duration]]) -> Iterator[Figure]:
    def cpu(name: str) -> list[float]:
        return [one.cpu for one in found[name]]

    def wall(name: str) -> list[float]:
        return [one.wall for one in found[name]]

    for ours, other in (
        ("pulumi preview, no change", "SQLMesh plan, no change"),
        ("eros validate, nothing changed", "dbt parse, no cache"),
        ("eros validate --fresh", "dbt parse, no cache"),
        ("pytest, 100 SQL cases", "SQLMesh test, 100 tests"),
        ("pytest, 100 SQL cases", "dbt test, 100 unit tests"),
    ):
        yield ratio(f"{ours} / {other}", wall(ours), wall(other))
    for name in found:
        yield seconds(name, wall(name))
        yield seconds(f"{name}, CPU", cpu(name))


def _installed(lab: Lab) -> Path:
    """Folder of the programs, in an environment of their own; raises BenchmarkError."""
    folder = lab.folder("environment")
    environment = dict(os.environ)
    venv = ["uv", "venv", "--quiet", "--allow-existing", "--python", sys.executable]
    run([*venv, str(folder)], environment=environment)
    python = str(folder / "bin" / "python")
    lab.say("dbt and SQLMesh: installing")
    run(
        ["uv", "pip", "install", "--quiet", "--python", python, *_PACKAGES], environment=environment
    )
    return folder / "bin"


def _versions(bin_folder: Path) -> dict[str, str]:
    code = "import importlib.metadata as m, json, sys; print(*map(m.version, sys.argv[1:]))"
    names = ("dbt-core", "dbt-duckdb", "sqlmesh")
    answer = subprocess.run(
        [bin_folder / "python", "-c", code, *names], capture_output=True, text=True, check=True
    )
    return dict(zip(names, answer.stdout.split(), strict=True))


def _models(count: int, reference: str) -> dict[str, str]:
    """Name to query: a tree in which each model reads one that stands at half its number."""
    queries = {"m_000": _FIRST}
    for number in range(1, count):
        before = reference.format(f"m_{number // 2:03}")
        queries[f"m_{number:03}"] = _NEXT.format(before=before, number=number)
    return queries


def _tested(queries: dict[str, str]) -> list[int]:
    """Numbers of the models that have a test: all but the first, again from the start if few."""
    return [1 + number % (len(queries) - 1) for number in range(_CASES)]


def _rows(number: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What a model reads in its test, and what comes of it."""
    given = [{"id": 1, "kind": "a", "amount": 5}, {"id": 1, "kind": "a", "amount": 6}]
    return given, [{"id": 1, "kind": "a", "amount": 11 + number, "rows_before": 2}]


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
    path.write_text(text, encoding="utf-8")


def dbt_project(folder: Path, count: int) -> Path:
    """Write a project of `count` models and 100 unit tests; gives `folder`."""
    target = {"type": "duckdb", "path": "peers.duckdb", "threads": 2}
    _write(folder / "profiles.yml", {"peers": {"target": "dev", "outputs": {"dev": target}}})
    project = {"name": "peers", "version": "1.0", "profile": "peers", "model-paths": ["models"]}
    _write(folder / "dbt_project.yml", project)
    queries = _models(count, "{{{{ ref('{}') }}}}")
    for name, query in queries.items():
        _write(folder / "models" / f"{name}.sql", query)
    tests = []
    for case, number in enumerate(_tested(queries)):
        given, expected = _rows(number)
        tests.append(
            {
                "name": f"case_{case:03}",
                "model": f"m_{number:03}",
                "given": [{"input": f"ref('m_{number // 2:03}')", "rows": given}],
                "expect": {"rows": expected},
            }
        )
    _write(folder / "models" / "cases.yml", {"version": 2, "unit_tests": tests})
    return folder


def sqlmesh_project(folder: Path, count: int) -> Path:
    """The same models and tests for SQLMesh."""
    connection = {"type": "duckdb", "database": "peers.duckdb"}
    _write(
        folder / "config.yaml",
        {
            "gateways": {"local": {"connection": connection}},
            "default_gateway": "local",
            "model_defaults": {"dialect": "duckdb", "start": "2026-01-01"},
        },
    )
    queries = _models(count, "peers.{}")
    for name, query in queries.items():
        head = f"MODEL (name peers.{name}, kind VIEW);\n\n"
        _write(folder / "models" / f"{name}.sql", head + query)
    cases = {}
    for case, number in enumerate(_tested(queries)):
        given, expected = _rows(number)
        cases[f"case_{case:03}"] = {
            "model": f"peers.m_{number:03}",
            "inputs": {f"peers.m_{number // 2:03}": {"rows": given}},
            "outputs": {"query": {"rows": expected}},
        }
    _write(folder / "tests" / "test_cases.yaml", cases)
    return folder


def _linted(folder: Path, theirs: Any) -> Duration:
    """SQLMesh's reading of all models: its cache is emptied first, which is not timed."""
    theirs(folder, "sqlmesh", "clean")
    took: Duration = theirs(folder, "sqlmesh", "lint")
    return took


def _sql_cases() -> list[str]:
    """Our cases, evenly taken from the whole SQL tier; raises BenchmarkError."""
    answer = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n0", "tests/sql"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    names = [line for line in answer.stdout.splitlines() if "::" in line]
    if len(names) < _CASES:
        raise BenchmarkError(f"the SQL tests cannot be collected:\n{answer.stdout[-2000:]}")
    return [names[len(names) * number // _CASES] for number in range(_CASES)]
