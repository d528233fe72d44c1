"""The guard against the project's own SQL."""

from __future__ import annotations

from bqstack.guard import running
from eros.project.project import Project
from eros.project.stack_file import load_stack_file


def test_the_first_deployment_of_the_project_is_not_refused() -> None:
    settings = load_stack_file("prod")
    own = {table.name.lower() for table in Project(settings).sql.tables}
    found = [
        (routine.name, str(danger))
        for routine in Project(settings).sql.routines
        if routine.kind.value == "procedures"
        for danger in running.dangers(routine.body)
        if danger.target.lower() not in own
    ]
    assert found == []
