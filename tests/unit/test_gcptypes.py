"""Facts of resource types stand in one place, and its page is true."""

from __future__ import annotations

import re

import pytest

from eros.project.settings import PROJECT_ROOT
from gcptypes import TYPES, known, transfer_schedules
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
