"""Stacks are found by the names of their files, in whatever condition these are."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from bqstack import state
from bqstack.state import checkpoints

# Its name is all that is read.
ROOT = Path(__file__).parents[1] / "examples" / "shop"


@pytest.mark.parametrize("content", [b"", b"{"])
def test_a_stack_whose_file_broke_is_there_and_hides_no_other(tmp_path, monkeypatch, content):
    """`pulumi stack ls` ends in "error: EOF" then, for all stacks of the folder."""
    folder = tmp_path / ".pulumi" / "stacks" / checkpoints.project(ROOT)
    folder.mkdir(parents=True)
    (folder / "broken.json").write_bytes(content)
    (folder / "whole.json.gz").write_bytes(gzip.compress(b"{}"))
    (folder / "gone.json.bak").write_bytes(b"{}")
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    names = ("broken", "organization/shop/whole", "gone", "brok")
    assert [state.has_stack(name, ROOT) for name in names] == [True, True, False, False]
