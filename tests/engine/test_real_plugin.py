"""The real gcp plugin on the local cloud, where it is installed: it converges, call for call.

The tests of this file run in order on one program.
"""

import pytest

from eros.project.settings import PROJECT_ROOT
from tools import gcp_plugin

pytestmark = pytest.mark.skipif(
    gcp_plugin.find(PROJECT_ROOT).kind != "real", reason="the real gcp plugin is not installed"
)


def test_the_whole_program_is_created_and_found_again(program):
    program.up()
    program.assert_converged()
    program.pulumi("refresh", "--stack", "local", "--yes", "--skip-preview", "--expect-no-changes")


def test_a_view_with_other_columns_is_changed_in_place(program):
    """The plugin sends the columns that the view had beside the new query."""
    path = "sql/views/open_alerts.sql"
    program.edit(path, "    details,\n", "    details,\n    1 AS probe,\n")
    assert program.planned()["open_alerts"] == "update"
    program.up()
    program.assert_converged()
    program.edit(path, "    details,\n    1 AS probe,\n", "")
    program.up()
    program.assert_converged()


def test_labels_of_a_topic_are_changed_in_place(program):
    """The plugin sends the mask in the query."""
    program.set("costOwner", "somebody")
    program.up()
    program.assert_converged()


def test_destroy_leaves_nothing(program):
    program.pulumi("destroy", "--stack", "local", "--yes", "--skip-preview")
    assert program.state() == []
