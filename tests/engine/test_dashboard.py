"""A figure on its way: from an entry in YAML through SQL, audit log and metric onto the page."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.deployed

FIGURE = """      doubled_score:
        title: Doubled score
        unit: "{points}"
        description: Only for this test
        value: health_score * -2.5
"""


@pytest.fixture(scope="module")
def deployed(program):
    """A stack with one figure more than the project has, and that in place of the error rate."""
    program.edit(
        "config/metrics.yaml",
        "    figures:\n      health_score:",
        f"    figures:\n{FIGURE}      health_score:",
    )
    program.edit(
        "config/dashboards/system.yaml", "user/eros/error_rate_pct", "user/eros/doubled_score"
    )
    program.up()
    return program


def eros(program, *arguments: str) -> str:
    """Run the command on the copy's stack; its output."""
    result = subprocess.run(
        [sys.executable, "-m", "eros.cli.app", *arguments],
        cwd=program.root,
        env=os.environ | program.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    return result.stdout


def test_a_figure_that_is_only_in_yaml_reaches_the_page(deployed):
    page = deployed.root / "page.html"
    eros(deployed, "dashboard", "--output", str(page))
    assert "No health check in this period" in page.read_text(encoding="utf-8")
    eros(deployed, "run", "record_health_check")
    eros(deployed, "dashboard", "--output", str(page))
    text = page.read_text(encoding="utf-8")
    score = int(text.partition('aria-label="health score">')[2].partition("<")[0])
    assert 0 <= score <= 100
    assert f">{-2.5 * score:g}" in text, "a negative fraction comes through as it was"


def test_a_changed_limit_moves_its_lines_and_leaves_no_difference(deployed):
    deployed.set("thresholds.latencyP95WarningSeconds", "12")
    deployed.up()
    assert deployed.last_changes().get("create", 0) == 0
    assert deployed.last_changes().get("delete", 0) == 0
    deployed.assert_converged()


def test_a_figure_that_is_taken_away_goes_in_one_update(deployed):
    deployed.edit("config/metrics.yaml", FIGURE, "")
    reported = deployed.pulumi("preview", "--stack", "local", fails=True)
    assert "neither one of Google's metrics nor one in config/metrics.yaml" in reported
    deployed.edit(
        "config/dashboards/system.yaml", "user/eros/doubled_score", "user/eros/error_rate_pct"
    )
    deployed.up()
    assert deployed.last_changes()["delete"] == 1
    deployed.assert_converged()
