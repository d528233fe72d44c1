"""Many small objects through one run of the analyser, for tests that list what it finds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from bqstack.analysis import memory, validate
from bqstack.analysis.findings import Finding
from bqstack.target import Stack
from packages.bqstack.tests.corpus_cases import KINDS, write_base
from packages.bqstack.tests.sql_folder import SqlFolder

TARGET = Stack("test-project", "brain", environment="staging", adopts_external_tables=False)


def checked(
    factory: pytest.TempPathFactory,
    kind: str,
    texts: Iterable[str],
    more: Mapping[str, str] | None = None,
) -> dict[str, list[Finding]]:
    """What is found in each text as an object of the kind, over the tables of the corpus."""
    sql = SqlFolder(factory.mktemp("checked"))
    write_base(sql)
    for path, text in (more or {}).items():
        sql.write(path, text)
    folder, form = KINDS[kind]
    names = {f"x{number}": text for number, text in enumerate(texts)}
    for name, text in names.items():
        sql.write(f"{folder}/{name}.sql", form.format(name=name, text=text))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "cache_folder", lambda: sql.root / "cache")
        report = validate(TARGET, sql.root)
    found: dict[str, list[Finding]] = {text: [] for text in names.values()}
    for finding in report.findings:
        # A mistake anywhere else is one of the test.
        found[names[finding.file.stem]].append(finding)
    return found
