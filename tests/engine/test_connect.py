"""Every example of docs/connect.md, run as it stands against a local BigQuery."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from dev.clients.client_environment import environment, python_with
from eros.project.settings import PROJECT_ROOT
from localgcp.bigquery import standalone

PAGE = (PROJECT_ROOT / "docs" / "connect.md").read_text(encoding="utf-8")
REQUIREMENTS = PROJECT_ROOT / "dev" / "clients" / "requirements"
NODE_CLIENT = "@google-cloud/bigquery@9.3.0"
# A file's name in a paragraph of its own, then the file.
FILE = re.compile(r"^`([\w./]+)`\n\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# What an example builds on, and what it prints of five captions on two pages.
PYTHON = {
    "Python": ((), "page1 3"),
    "DB-API": (("Python",), "Row((3,)"),
    "pandas": (("Python",), "5    n\n0  5"),
    "SQLAlchemy": (("Python",), "5"),
    "Ibis": (("Python", "pandas"), "page2         2"),
}


def section(title: str) -> str:
    """The text of one section of the page."""
    (found,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return found


def blocks(title: str, language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(section(title)) if kind == language]


def python_of(name: str) -> Path:
    """Python of an environment with a list of packages, kept for the next run."""
    lines = (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8").split()
    return python_with(lines)


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[standalone.Standalone]:
    """A BigQuery with five captions."""
    with standalone.running(tmp_path_factory.mktemp("bigquery")) as running:
        client = bigquery.Client(
            "eros-local", AnonymousCredentials(), client_options={"api_endpoint": running.rest}
        )
        for statement in (
            "CREATE SCHEMA eros_scheduling_brain",
            "CREATE SCHEMA scratch",
            "CREATE TABLE eros_scheduling_brain.caption_bank"
            " (caption_id INT64, page_name STRING, price NUMERIC, added_at TIMESTAMP)",
            "INSERT INTO eros_scheduling_brain.caption_bank"
            " SELECT n, IF(n <= 3, 'page1', 'page2'), 9.5, CURRENT_TIMESTAMP()"
            " FROM UNNEST([1, 2, 3, 4, 5]) AS n",
        ):
            client.query_and_wait(statement)
        yield running


def run(server: standalone.Standalone, folder: Path, command: list[str], path: str = "") -> str:
    """What a command prints with the variables of `eros local addresses`."""
    own = environment(server.addresses)
    done = subprocess.run(
        command,
        cwd=folder,
        env=own | {"PATH": f"{path}{os.pathsep}{own['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("title", PYTHON)
def test_python(server, tmp_path, title):
    needed, expected = PYTHON[title]
    script = tmp_path / "example.py"
    texts = [text for name in (*needed, title) for text in blocks(name, "python")]
    script.write_text("\n".join(texts), encoding="utf-8")
    assert expected in run(server, tmp_path, [str(python_of("python")), str(script)])


@pytest.mark.parametrize(
    ("title", "packages", "table"),
    [("dbt", "python", "captions_per_page"), ("SQLMesh", "sqlmesh", "captions_by_sqlmesh")],
)
def test_models(server, tmp_path, title, packages, table):
    for name, text in FILE.findall(section(title)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (command,) = blocks(title, "sh")
    run(server, tmp_path, ["bash", "-euc", command], str(python_of(packages).parent))
    client = bigquery.Client(
        "eros-local", AnonymousCredentials(), client_options={"api_endpoint": server.rest}
    )
    rows = client.query_and_wait(f"SELECT page_name, captions FROM scratch.{table}")
    assert sorted(tuple(row) for row in rows) == [("page1", 3), ("page2", 2)]


@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not on PATH")
def test_node(server, tmp_path):
    (code,), (command,) = blocks("Node", "js"), blocks("Node", "sh")
    (tmp_path / "captions.mjs").write_text(code, encoding="utf-8")
    run(server, tmp_path, ["npm", "install", "--silent", "--no-fund", NODE_CLIENT])
    assert run(server, tmp_path, ["bash", "-euc", command]).strip() == "5"


def test_sqlfluff(server):
    (command,) = blocks("sqlfluff", "sh")
    path = str(PROJECT_ROOT / ".venv" / "bin")
    assert "All Finished" in run(server, PROJECT_ROOT, ["bash", "-euc", command], path)


@pytest.mark.skipif(not shutil.which("bq"), reason="bq is not on PATH")
def test_bq(server, tmp_path):
    (command,) = blocks("bq", "sh")
    assert "5" in run(server, tmp_path, ["bash", "-euc", command])


def test_nothing_on_the_page_is_left_out():
    """A new section needs a test. JDBC alone has none, and says so."""
    titles = set(re.findall(r"^## (.*)$", PAGE, re.MULTILINE))
    assert titles == {*PYTHON, "dbt", "SQLMesh", "Node", "sqlfluff", "bq", "JDBC"}
