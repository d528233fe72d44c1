"""`eros docs`: write what is generated: pages about SQL objects, rules, schemas, .sqlfluff."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from bqstack.amounts import counted
from bqstack.errors import UserError
from eros.cli.common import console
from eros.cli.waiting import working
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import load_stack_file


def docs(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 if a file is out of date.")
    ] = False,
) -> None:
    """Generate files from sql/, config/ and the settings: docs, rules, schemas, .sqlfluff."""
    with working("docs: running Google's analyser"):
        # The analyser takes longer to import than most commands.
        from eros import reference

        texts = reference.pages(load_stack_file("local"), on_compile=_tell_compile)
    schemas = reference.schemas()
    old = reference.differing(texts) + reference.differing(schemas, folder=reference.SCHEMAS)
    texts |= schemas
    if check and old:
        raise UserError("the file is out of date", file=", ".join(map(str, old)), fix="eros docs")
    for path in old:
        if path in texts:
            (PROJECT_ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (PROJECT_ROOT / path).write_text(texts[path], encoding="utf-8")
        else:
            (PROJECT_ROOT / path).unlink()
        console.print(f"written: {path}" if path in texts else f"deleted: {path}")
    if not old:
        console.print(f"{counted(len(texts), 'file')}: nothing to write")


def _tell_compile() -> None:
    print(
        "docs: compiling Google's analyser for this machine, once: about half a minute",
        file=sys.stderr,
    )
