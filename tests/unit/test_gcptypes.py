"""Facts of resource types stand in one place, and its page is true."""

from __future__ import annotations

import ast
import re

import pytest

from eros.project.settings import PROJECT_ROOT
from gcptypes import TYPES, known, records, transfer_schedules
from gcptypes.records import BIGQUERY, TRANSFER
from localgcp.provider import resources

ROOMS = ("components", "dev", "eros", "packages", "policy", "tools")
TOKEN = re.compile(r'"gcp:\w+/\w+:\w+"')
# The token of a function, not of a resource.
FUNCTION = '"gcp:organizations/getProject:getProject"'


def test_a_token_is_spelled_in_one_place():
    found = {}
    for file in (f for room in ROOMS for f in (PROJECT_ROOT / room).rglob("*.py")):
        if "tests" in file.parts or ".venv" in file.parts or file.name == "records.py":
            continue
        if spelled := set(TOKEN.findall(file.read_text(encoding="utf-8"))) - {FUNCTION}:
            found[str(file.relative_to(PROJECT_ROOT))] = spelled
    assert found == {}, "take the name from gcptypes.records"


def test_what_the_local_provider_serves_has_a_record():
    served = {kind.token for kind in resources.TYPES}
    assert served - TYPES.keys() == set()
    assert len(served) > 15


# Collections of tokens outside of the records, by module, and why each is no fact of its types.
TABLES = {
    # What the code beside it reads.
    ("packages/bqstack/src/bqstack/adopt/survey_parts.py", "LISTED_TYPES"),
    # Functions that say an input in words.
    ("packages/bqstack/src/bqstack/guard/plain.py", "_SPECIAL"),
    # Functions that ask Google's clients, which a package without dependencies cannot hold.
    ("eros/operations/repair/lookup.py", "_NAMED"),
    ("eros/operations/repair/lookup.py", "_TITLED"),
    # Which of this program's types are made outside of a dataset.
    ("eros/project/sandbox_role.py", "_TYPES"),
    # Options of this program's resources.
    ("eros/operations/rollback/replay.py", "DELETE_BEFORE_REPLACE"),
}


def tables_of_tokens(source: str) -> set[str]:
    """Names that a module gives to collections of tokens, and lines of those without a name."""
    tree = ast.parse(source)
    tokens = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "gcptypes.records"
        for alias in node.names
        if TOKEN.fullmatch(f'"{getattr(records, alias.name, None)}"')
    }

    def holds_token(node: ast.AST | None) -> bool:
        if isinstance(node, ast.Tuple):
            return any(map(holds_token, node.elts))
        if isinstance(node, ast.Attribute):
            return ast.unparse(node).startswith("records.") and node.attr.isupper()
        return isinstance(node, ast.Name) and node.id in tokens

    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict) and any(map(holds_token, node.keys)):
            found[node.lineno] = f"line {node.lineno}"
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            inside = list(ast.walk(node.value))
            sets = [n for n in inside if isinstance(n, ast.Set | ast.Tuple | ast.List)]
            # A rule says what it is about; that is no table.
            plain = not any(isinstance(n, ast.keyword) for n in inside)
            if plain and any(holds_token(e) for n in sets for e in n.elts):
                found[node.lineno] = ast.unparse(target)
            if node.value.lineno in found:
                found[node.value.lineno] = ast.unparse(target)
    return set(found.values())


def test_no_other_module_holds_a_table_of_types():
    found = set()
    for file in (f for room in ROOMS for f in (PROJECT_ROOT / room).rglob("*.py")):
        if "tests" not in file.parts and file.name != "records.py":
            path = file.relative_to(PROJECT_ROOT).as_posix()
            found |= {(path, it) for it in tables_of_tokens(file.read_text(encoding="utf-8"))}
    assert found - TABLES == set(), "a fact of a type belongs in its record"
    assert TABLES - found == set(), "gone"


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("from gcptypes.records import TABLE\nX = {TABLE: 1}", {"X"}),
        ("from gcptypes.records import TABLE\nX: dict = {(TABLE, 'schema'): 1}", {"X"}),
        ("from gcptypes.records import TABLE\nX = frozenset({TABLE})", {"X"}),
        ("from gcptypes import records\ndef f():\n    return {records.TABLE: 1}", {"line 3"}),
        ("from gcptypes.records import TABLE\nRULES = (Rule(on=(TABLE,)),)", set()),
        ("from gcptypes.records import BIGQUERY\nX = {BIGQUERY: 1}", set()),
    ],
)
def test_a_table_of_types_is_found(source, names):
    assert tables_of_tokens(source) == names


def test_the_record_says_what_no_answer_holds_and_the_provider_has_no_list_of_its_own():
    for kind in resources.TYPES:
        own = vars(kind).keys() & {"local_only", "write_only", "unreadable", "takes_labels"}
        assert not own, f"{kind.__name__}: {own} belong in the record"
    assert known(TRANSFER).unreadable == {"location", "sensitiveParams", "serviceAccountName"}


def test_a_new_type_needs_three_files_and_the_recipe_names_them():
    page = (PROJECT_ROOT / "docs/change.md").read_text(encoding="utf-8")
    recipe = page.partition("## A resource type\n")[2].partition("\n## ")[0]
    files = re.findall(r"^\| `([\w/.<>]+)` \|", recipe, re.MULTILINE)
    assert len(files) == 3
    assert [f for f in files if not (PROJECT_ROOT / f.replace("<api>", "pubsub")).is_file()] == []


def test_every_type_that_is_served_is_led_through_its_life():
    served = {kind.token for kind in resources.TYPES}
    lives = PROJECT_ROOT / "packages/localgcp/tests/test_provider_cloud.py"
    lived = set(re.findall(r'Life\(\s*"(gcp:[\w/:]+)"', lives.read_text(encoding="utf-8")))
    # No API reads or deletes an agent: it has a test of its own.
    assert served - lived == {records.SERVICE_IDENTITY}


def test_an_id_is_known_where_its_inputs_say_it():
    assert known(TRANSFER).id_of({"project": "p", "location": "US"}) is None
    assert known("gcp:some/new:Thing").id_of({"project": "p"}) is None
    for token, record in TYPES.items():
        if record.api == BIGQUERY:
            inputs = {name: name for name in record.names}
            assert record.id_of(inputs).startswith("projects/project/datasets/datasetId"), token


def test_the_page_is_true():
    page = (PROJECT_ROOT / "packages/gcptypes/README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("gcp:bigquery/datasetAccess:DatasetAccess", "dataset access"),
        ("gcp:projects/iAMAuditConfig:IAMAuditConfig", "IAM audit config"),
        ("gcp:projects/iAMMember:IAMMember", "access"),
    ],
)
def test_people_have_a_word_for_it(token, words):
    assert known(token).title == words


def test_schedules_of_data_transfer_are_read_in_one_place():
    readers = {
        file.name
        for room in ROOMS
        for file in (PROJECT_ROOT / room).rglob("*.py")
        if "tests" not in file.parts
        and re.search(r'r"\w*[("]*every\b.*\\d', file.read_text(encoding="utf-8"))
    }
    assert readers == {"transfer_schedules.py"}, "parse with gcptypes.transfer_schedules"


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("every 5 minutes", 288),
        ("every 6 hours from 02:40 to 20:40", 4),
        ("every 15 minutes from 23:00 to 01:00", 9),
        ("every 2 hours synchronized", 12),
        ("every day 10:05", 1),
        ("every mon,wed 09:05", 2 / 7),
        ("1st monday of month 15:30", None),
        ("every fri of jan 13:15", None),
    ],
)
def test_a_schedule_says_how_often_it_runs_a_day(text, runs):
    assert transfer_schedules.parse(text).runs_a_day == runs
