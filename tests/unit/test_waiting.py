"""What lasts says so, with an estimate; what is quick says nothing."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from eros.cli import waiting


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(waiting, "SILENT_SECONDS", 0.01)
    monkeypatch.setattr(waiting, "AGAIN_SECONDS", 0.02)
    return tmp_path / "eros" / "durations.json"


def lasting(capsys: pytest.CaptureFixture[str], lines: int) -> list[str]:
    """Work until so many lines stand on standard error."""
    said = ""
    end = time.monotonic() + 30
    with waiting.working("reading the plan"):
        while said.count("\n") < lines and time.monotonic() < end:
            said += capsys.readouterr().err
            time.sleep(0.005)
    return said.splitlines()


def test_what_lasts_is_named_again_and_again_and_the_next_time_with_an_estimate(capsys, cache):
    first, second = lasting(capsys, 2)[:2]
    assert first == "reading the plan"
    assert second.startswith("reading the plan: ")
    assert second.endswith(" s so far")
    cache.write_text(json.dumps({"reading the plan": 42.4}))
    assert lasting(capsys, 1)[0] == "reading the plan; the last time it took 42 s"
    assert json.loads(cache.read_text())["reading the plan"] < 42


def test_the_first_words_come_so_long_after_the_command_began(capsys, monkeypatch, cache):
    """What a busy machine needs to load a command counts, and a short first work does not."""
    monkeypatch.setattr(waiting, "SILENT_SECONDS", 30)
    now = [1000.0]
    monkeypatch.setattr(waiting.time, "monotonic", lambda: now[0])
    waiting.begin()
    now[0] += 1
    with waiting.working("loading"):
        now[0] += 28
    assert capsys.readouterr().err == ""
    now[0] += 2
    with waiting.working("reading the plan"):
        wait_for(capsys, "reading the plan")
    # It has spoken: what comes next has its own moment.
    with waiting.working("looking"):
        pass
    assert capsys.readouterr().err == ""


def wait_for(capsys: pytest.CaptureFixture[str], words: str) -> None:
    """Until a line stands on standard error; a thread writes it."""
    said = ""
    for _ in range(3000):
        said += capsys.readouterr().err
        if f"{words}\n" in said:
            return
        time.sleep(0.01)
    raise AssertionError(f"{words!r} is not in {said!r}")


def test_what_is_quick_says_nothing(capsys, monkeypatch, cache):
    monkeypatch.setattr(waiting, "SILENT_SECONDS", 30)
    with waiting.working("looking"):
        pass
    assert capsys.readouterr().err == ""
    assert not cache.exists()


def test_a_step_that_lasts_is_named_and_a_question_is_left_alone(capsys, monkeypatch, cache):
    reported: list[str] = []
    said = ""
    end = time.monotonic() + 30
    with waiting.in_steps("restore: local", reported.append) as progress:
        progress("  comparing captions")
        while "so far, at comparing captions" not in said and time.monotonic() < end:
            said += capsys.readouterr().err
            time.sleep(0.005)
        with waiting.asking():
            time.sleep(0.03)
            capsys.readouterr()
            time.sleep(0.1)
            assert capsys.readouterr().err == ""
    assert reported == ["  comparing captions"]
    assert said.startswith("restore: local\n")


def test_the_time_of_a_question_is_none_of_the_work(monkeypatch, cache):
    now = [0.0]
    monkeypatch.setattr(waiting.time, "monotonic", lambda: now[0])
    with waiting.working("looking"):
        now[0] += 7
        with waiting.asking():
            now[0] += 600
    assert json.loads(cache.read_text()) == {"looking": 7.0}


def test_an_error_passes_and_is_no_estimate(cache):
    def broken() -> None:
        with waiting.working("looking"):
            time.sleep(0.02)
            raise KeyError

    with pytest.raises(KeyError):
        broken()
    assert not cache.exists()


@pytest.mark.parametrize("content", ["", "[]", '{"looking": "long"}'])
def test_a_broken_or_unwritable_cache_costs_the_estimate_only(capsys, cache, content):
    cache.parent.mkdir()
    cache.write_text(content)
    assert lasting(capsys, 1)[0] == "reading the plan"
    cache.unlink()
    cache.parent.rmdir()
    cache.parent.write_text("")
    assert lasting(capsys, 1)[0] == "reading the plan"
