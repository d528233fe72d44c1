"""The bucket for exports, before a deployment."""

from __future__ import annotations

import pytest
from googleapiclient.errors import HttpError

from eros.operations.deploy import Level, bucket_name
from tests.unit.deploy.deployments import Api, site
from tests.unit.deploy.test_preflight import http_error, switched_off


@pytest.mark.parametrize(
    ("answer", "is_deployed", "level", "text"),
    [
        ({"name": "b"}, True, Level.OK, "is there"),
        ({"name": "b"}, False, Level.WARNING, "is there already"),
        (http_error(404), False, Level.OK, "does not exist yet"),
        (http_error(404), True, Level.WARNING, "is gone"),
        (http_error(403), False, Level.FAILED, "belongs to somebody else"),
        (http_error(403), True, Level.WARNING, "cannot be seen"),
    ],
)
def test_the_bucket_is_there_or_its_name_can_be_had(
    settings, monkeypatch, answer, is_deployed, level, text
):
    monkeypatch.setattr(bucket_name.backup, "is_deployed", lambda google: is_deployed)
    storage = Api(get=answer)
    (finding,) = bucket_name.bucket(site(settings, storage=storage))
    assert finding.level is level
    assert text in finding.text
    assert settings.backup.bucket in finding.text
    assert bool(finding.fix) is (level is not Level.OK)
    assert storage.asked == [("get", {"bucket": settings.backup.bucket, "fields": "name"})]


@pytest.mark.parametrize("error", [switched_off("storage.googleapis.com"), http_error(500)])
def test_what_keeps_it_from_being_seen_is_no_finding_about_the_bucket(settings, monkeypatch, error):
    monkeypatch.setattr(bucket_name.backup, "is_deployed", lambda google: False)
    with pytest.raises(HttpError):
        bucket_name.bucket(site(settings, storage=Api(get=error)))
