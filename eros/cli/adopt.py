"""`eros adopt`: a live dataset against the program, and the files that bring it under it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bqstack import adopt as adoption
from bqstack.adopt import adoption_files, live, program_wants, survey_report
from eros.cli.common import Format, Output, Stack, console
from eros.cli.waiting import working
from eros.cloud.google import Google
from eros.project.project import Project
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import load_stack_file


def adopt(
    stack: Stack = "local",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for the import file, report and SQL."),
    ] = None,
    output_format: Output = Format.TEXT,
) -> None:
    """Compare existing resources with the program and write the files that adopt them.

    Only reads. The import itself is a Pulumi command, printed at the end.

    Exit code 1 if the first update after the import would replace an object or lose data.
    """
    settings = load_stack_file(stack)
    known = Project(settings, PROJECT_ROOT).sql
    with working("adopt: reading what the program declares and what exists"):
        wanted = program_wants.wanted(stack, PROJECT_ROOT)
        present = live.read(
            Google(settings), settings, [settings.dataset, *wanted.datasets], wanted.adopted
        )
    labels = settings.all_labels
    survey = adoption.survey(stack, wanted, present, known, settings.dataset, labels)
    again = f"eros adopt --stack {stack} --output {output}"
    if output is not None:
        adoption_files.write(output, survey, again)
    if output_format is Format.JSON:
        print(json.dumps(survey_report.document(survey), indent=2))
    else:
        console.print(survey_report.text(survey), markup=False)
        if output is not None:
            console.print(f"\n{output}: import file, report, SQL. Next:", markup=False)
            file = str(output / adoption_files.IMPORT)
            for line in survey_report.commands(survey, file, again):
                console.print(f"  {line}", markup=False)
    if not survey.safe:
        raise typer.Exit(1)
