"""What a pulumi that failed has said."""

from __future__ import annotations

from pathlib import Path

import pytest

from bqstack import engine
from bqstack.errors import UserError

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("said", "fix"),
    [
        ("error: no stack named 'prod' found", "pulumi stack init prod; "),
        ("error: the backend does not answer", None),
    ],
)
def test_a_stack_that_does_not_exist_yet_has_a_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, fix: str | None
) -> None:
    fake = tmp_path / "pulumi"
    fake.write_text(f'#!/bin/sh\necho "{said}" >&2\nexit 255\n', encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=said) as caught:
        engine.output("stack", "export", root=tmp_path)
    assert (caught.value.fix or "").startswith(fix or "")
    assert (caught.value.fix is None) == (fix is None)
