"""A home that cannot be written: the analyser works, and nothing else breaks."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from bqstack.analysis import wasm


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was compiled or read, without half a minute of compiling."""
    done: list[str] = []

    class Module:
        @staticmethod
        def from_file(engine: object, path: str) -> SimpleNamespace:
            done.append("compiled")
            return SimpleNamespace(serialize=lambda: b"machine code")

        @staticmethod
        def deserialize_file(engine: object, path: str) -> str:
            done.append("read")
            return Path(path).read_text()

    monkeypatch.setattr(wasm, "Module", Module)
    return done


def test_a_cache_that_cannot_be_made_costs_a_compilation_and_nothing_else(
    compiled: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # A file where a folder is needed refuses root, too.
    (tmp_path / "home").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home" / ".cache"))
    said: list[str] = []
    wasm.load_module(None, lambda: said.append("compiling"))
    assert (compiled, said) == (["compiled"], ["compiling"])


def test_a_cache_that_can_be_made_is_compiled_once(
    compiled: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert wasm.load_module(None, None) == "machine code"
    assert wasm.load_module(None, None) == "machine code"
    assert compiled == ["compiled", "read", "read"]
    (file,) = (tmp_path / "bqstack").glob("*.cwasm")
    assert file.stat().st_mode & 0o077 == 0
