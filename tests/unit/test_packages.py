"""What the wheels ask for is what their code imports, at versions that are locked."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import textwrap
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from bqstack.guard.declarations import declarations
from components.program import planned
from eros.project.settings import PROJECT_ROOT
from gcptypes import TYPES, is_grant

# A package, and the folders of its code.
PACKAGES = {
    ".": ("eros", "components", "policy"),
    "packages/bqstack": ("packages/bqstack/src",),
    "packages/erosbuilder": ("packages/erosbuilder/src",),
    "packages/gcptypes": ("packages/gcptypes/src",),
    "packages/localgcp": ("packages/localgcp/src",),
}
OURS = {"bqstack", "components", "eros", "erosbuilder", "gcptypes", "localgcp", "policy"}
# Distributions share Google's name space: the longest name that fits says which.
GOOGLE = {
    "google.api_core": "google-api-core",
    "google.auth": "google-auth",
    "google.cloud.bigquery": "google-cloud-bigquery",
    "google.cloud.bigquery_datatransfer_v1": "google-cloud-bigquery-datatransfer",
    "google.cloud.bigquery_storage_v1": "google-cloud-bigquery-storage",
    "google.oauth2": "google-auth",
    "google.protobuf": "protobuf",
}
# Asked for, but not imported by name: rows as Arrow, templates of a library, Google's discovery
# documents, a proxy of requests'.
SILENT = {"google-api-python-client", "google-cloud-bigquery-storage", "jinja2", "pysocks"}
TESTS_ONLY = {"duckdb", "hypothesis", "localgcp", "playwright", "pytest"}


def normal(name: str) -> str:
    """A distribution's name in the form that all spellings have in common."""
    return re.sub(r"[-_.]+", "-", name).lower()


def project(folder: str) -> dict:
    """The `pyproject.toml` of a package."""
    return tomllib.loads((PROJECT_ROOT / folder / "pyproject.toml").read_text(encoding="utf-8"))


def declared(folder: str) -> set[str]:
    """Distributions that the package's wheel asks for."""
    return {normal(name) for name in project(folder)["project"]["dependencies"]}


def needed(folders: tuple[str, ...]) -> dict[str, str]:
    """Distributions that the code imports, each with a module that does."""
    known = packages_distributions()
    found = {}
    for file in [f for folder in folders for f in (PROJECT_ROOT / folder).rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            else:
                continue
            for name in names:
                top = name.partition(".")[0]
                if top in sys.stdlib_module_names or top in OURS:
                    continue
                if top == "google":
                    fits = [prefix for prefix in GOOGLE if f"{name}.".startswith(f"{prefix}.")]
                    assert fits, f"{file}: {name} is of no distribution that is known here"
                    found[GOOGLE[max(fits, key=len)]] = str(file)
                else:
                    found[normal(known[top][0])] = str(file)
    return found


@pytest.mark.parametrize("folder", PACKAGES)
def test_a_wheel_asks_for_what_its_code_imports(folder):
    wanted = needed(PACKAGES[folder])
    # Beside its library, the product may use what that brings.
    brought = declared("packages/bqstack") if folder == "." else set()
    assert {n: f for n, f in wanted.items() if n not in declared(folder) | brought} == {}
    assert declared(folder) - set(wanted) - SILENT - OURS == set(), "asked for, but not imported"


@pytest.mark.parametrize("folder", [".", "packages/bqstack"])
def test_no_wheel_of_production_asks_for_what_tests_need(folder):
    assert not declared(folder) & TESTS_ONLY


def test_everything_asked_for_is_locked_and_everything_pinned_is_asked_for():
    locked = {
        normal(line.partition("==")[0])
        for line in (PROJECT_ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line and not line.startswith(("#", " "))
    }
    root = project(".")
    groups = {normal(n) for group in root["dependency-groups"].values() for n in group}
    asked = groups.union(*(declared(folder) for folder in PACKAGES)) - OURS
    assert asked - locked == set(), "not in requirements.txt: add it to requirements.in, make lock"
    pinned = {
        normal(line.partition("==")[0])
        for line in (PROJECT_ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
        if "==" in line
    }
    extensions = {name for name in pinned if name.startswith("duckdb-extension")}
    unused = pinned - asked - extensions
    assert unused == set(), "pinned, but no package and no group asks for it"


def test_every_package_has_the_licence_and_a_page():
    text = (PROJECT_ROOT / "LICENSE").read_text(encoding="utf-8")
    for folder in PACKAGES:
        assert (PROJECT_ROOT / folder / "LICENSE").read_text(encoding="utf-8") == text
        assert (PROJECT_ROOT / folder / project(folder)["project"]["readme"]).is_file()


EXAMPLES = PROJECT_ROOT / "packages" / "bqstack" / "examples"


def test_the_example_of_the_library_shows_catalogue_plan_policies_and_guard():
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "tour.py")], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for expected in (
        "in the order of creation: dollars orders revenue",
        "table orders\n    created: 4 columns, partitioned by DAY of ordered_at",
        "policies: no rule is broken",
        "orders: column note STRING is dropped; its values are lost",
        "pulumi config set --path 'shop:allowLoss[0]' 'orders: drop column note' --stack dev",
    ):
        assert expected in done.stdout


def test_the_page_of_the_library_shows_the_example():
    page = (PROJECT_ROOT / "packages/bqstack/README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert code in (EXAMPLES / "shop" / "shop.py").read_text(encoding="utf-8")


def test_the_example_says_no_word_of_ours():
    for file in EXAMPLES.rglob("*.*"):
        if file.is_file() and file.suffix != ".pyc":
            assert "eros" not in file.read_text(encoding="utf-8").lower(), file
    lines = [
        line
        for name in ("shop.py", "__main__.py")
        for line in (EXAMPLES / "shop" / name).read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
    assert len(lines) <= 35, "a few lines are the point of it"
    assert Path(EXAMPLES / "shop" / "sql").is_dir()


@pytest.mark.parametrize("stack", ["local", "staging", "prod"])
def test_every_declared_type_has_a_record(stack):
    made = planned(stack)
    found = declarations(made.declare, project="eros", stack=stack)
    types = {one.type for one in found.resources if one.custom}
    types = {one for one in types if not (one.startswith("pulumi:") or is_grant(one))}
    assert types - TYPES.keys() == set(), "gcptypes/records.py has a record for each"


@pytest.mark.parametrize("page", ["docs/builder.md", "packages/erosbuilder/README.md"])
def test_what_a_page_shows_of_a_builder_stands_in_the_example(page):
    (code,) = re.findall(
        r"```python\n(.*?)```", (PROJECT_ROOT / page).read_text(encoding="utf-8"), re.DOTALL
    )
    example = PROJECT_ROOT / "packages/erosbuilder/examples/builder.py"
    assert textwrap.indent(code, 8 * " ") in example.read_text(encoding="utf-8")
