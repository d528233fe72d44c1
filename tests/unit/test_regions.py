"""Where a dataset can be: regions of Google's list pass, and those that it may still open."""

import pytest

from eros.project import regions


@pytest.mark.parametrize(
    "location",
    [
        "US",
        "EU",
        "us",
        "us-west1",
        "europe-west12",
        "northamerica-northeast2",
        "me-central2",
        "us-west9",
    ],
)
def test_a_location_of_bigquery_passes_as_it_is_written(location):
    assert regions.known(location) == location


@pytest.mark.parametrize(
    ("location", "meant"),
    [
        ("us-wesst1", "did you mean us-west1?"),
        ("europe-west", "did you mean europe-west1?"),
        ("eurpe-north2", "did you mean europe-north2?"),
        ("EUU", "such as US, EU"),
        ("mars", "such as US, EU"),
        ("", "such as US, EU"),
    ],
)
def test_any_other_is_refused_with_what_was_probably_meant(location, meant):
    with pytest.raises(ValueError, match="there is no such location in BigQuery") as raised:
        regions.known(location)
    assert meant in str(raised.value)
