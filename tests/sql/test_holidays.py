"""The holidays that SQL computes by rule against calendars that others maintain."""

from __future__ import annotations

from datetime import date, timedelta

import holidays
import pytest
from dateutil.easter import easter

YEARS = range(2024, 2031)
# Our name to the name in the `holidays` package.
NAMES = {
    "New Year's Day": "New Year's Day",
    "Martin Luther King Jr. Day": "Martin Luther King Jr. Day",
    "Presidents' Day": "Washington's Birthday",
    "Memorial Day": "Memorial Day",
    "Juneteenth": "Juneteenth National Independence Day",
    "Independence Day": "Independence Day",
    "Labor Day": "Labor Day",
    "Veterans Day": "Veterans Day",
    "Thanksgiving": "Thanksgiving Day",
    "Christmas Day": "Christmas Day",
    "Valentine's Day": "Valentine's Day",
    "Mother's Day": "Mother's Day",
    "Father's Day": "Father's Day",
    "St. Patrick's Day": "Saint Patrick's Day",
    "Columbus Day": "Columbus Day",
    "Halloween": "Halloween",
    "Christmas Eve": "Christmas Eve",
    "New Year's Eve": "New Year's Eve",
    "Easter": "Easter Sunday",
}
pytestmark = [pytest.mark.sql, pytest.mark.emulator]


@pytest.fixture(scope="module")
def warehouse(build):
    """The calendar and the procedure that fills it."""
    return build("holidays", only=["refresh_holiday_calendar"])


def computed(warehouse) -> dict[int, dict[str, date]]:
    """Year to name to date, as the procedure writes them."""
    warehouse.run(
        f"CALL {warehouse.name('refresh_holiday_calendar')}({YEARS.start}, {YEARS.stop - 1})"
    )
    rows = warehouse.rows(
        f"SELECT holiday_name, holiday_date FROM {warehouse.name('holiday_calendar')}"
    )
    years: dict[int, dict[str, date]] = {year: {} for year in YEARS}
    for row in rows:
        day = row["holiday_date"]
        assert row["holiday_name"] not in years[day.year], f"{row} appears twice"
        years[day.year][row["holiday_name"]] = day
    return years


def known(year: int) -> dict[str, date]:
    """Name to date in the package; a day with several names counts for each."""
    calendar = holidays.US(
        years=year, observed=False, categories=("public", "unofficial", "government")
    )
    return {name: day for day in calendar for name in calendar.get_list(day)}


def test_computed_dates_equal_the_package_and_dateutil(warehouse):
    for year, days in computed(warehouse).items():
        assert set(days) == {*NAMES, "Black Friday"}, year
        package = known(year)
        for ours, theirs in NAMES.items():
            assert days[ours] == package[theirs], f"{ours} {year}"
        assert days["Easter"] == easter(year)
        assert days["Black Friday"] == package["Thanksgiving Day"] + timedelta(days=1)
