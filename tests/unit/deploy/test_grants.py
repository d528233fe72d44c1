"""Authorized views, routines and datasets before a deployment."""

from types import SimpleNamespace

import pytest
from google.api_core.exceptions import NotFound
from google.cloud.bigquery import AccessEntry

from eros.operations.deploy import Level, grants, preflight
from tests.unit.deploy.deployments import site

VIEW = {"view": {"projectId": "p", "datasetId": "shared", "tableId": "sales"}}
ROUTINE = {"routine": {"projectId": "p", "datasetId": "shared", "routineId": "f"}}
DATASET = {"dataset": {"dataset": {"projectId": "p", "datasetId": "all"}, "targetTypes": ["VIEWS"]}}
MEMBERS = [
    {"role": "OWNER", "specialGroup": "projectOwners"},
    {"role": "READER", "groupByEmail": "data@example.com"},
]


def place(settings, entries):
    """A stack whose live dataset has these entries in its access list."""
    dataset = SimpleNamespace(access_entries=[AccessEntry.from_api_repr(e) for e in entries])
    return site(settings, bigquery=SimpleNamespace(get_dataset=lambda name: dataset))


@pytest.mark.parametrize(
    ("entry", "name"),
    [(VIEW, "view p.shared.sales"), (ROUTINE, "routine p.shared.f"), (DATASET, "dataset p.all")],
)
def test_what_no_grant_takes_away_stops_no_deployment(settings, entry, name):
    (finding,) = grants.authorized(place(settings, [*MEMBERS, entry]))
    assert finding.level is Level.OK
    assert finding.text == f"go on reading the dataset: {name}"


def test_members_are_nobodys_loss(settings):
    (finding,) = grants.authorized(place(settings, MEMBERS))
    assert finding.level is Level.OK


def test_a_dataset_that_is_not_there_loses_nothing(settings):
    def missing(name):
        raise NotFound(name)

    (finding,) = grants.authorized(site(settings, bigquery=SimpleNamespace(get_dataset=missing)))
    assert finding.level is Level.OK


def test_the_check_is_made_before_each_deployment():
    assert grants.authorized in [make for _, _, make in preflight.CHECKS]
