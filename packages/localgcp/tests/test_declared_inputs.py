"""The inputs of the SDK's classes are read where nothing can be kept, too."""

import json

import pytest

from localgcp.provider.declared_inputs import Declarations

TOPIC = "pubsub:Topic"


@pytest.fixture
def declared(monkeypatch):
    """What stands for the other process that loads the SDK; counts its runs."""
    runs = []

    def declare(self):
        runs.append(self)
        return json.dumps({"resources": {TOPIC: {"properties": {}, "required": []}}, "objects": {}})

    monkeypatch.setattr(Declarations, "declare", declare)
    return runs


def test_they_are_read_once_and_kept(declared, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for _ in range(2):
        assert Declarations([TOPIC]).resource(TOPIC)["required"] == []
    assert len(declared) == 1


def test_a_folder_that_takes_no_files_only_costs_time(declared, monkeypatch, tmp_path):
    # A file where the folder should be refuses root as well as anybody.
    (tmp_path / "home").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    for _ in range(2):
        assert Declarations([TOPIC]).resource(TOPIC)["required"] == []
    assert len(declared) == 2


def test_what_was_kept_and_is_broken_is_read_again(declared, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    Declarations([TOPIC]).resource(TOPIC)
    (kept,) = tmp_path.rglob("*inputs*.json")
    kept.write_text('{"resources": ')
    assert Declarations([TOPIC]).resource(TOPIC)["required"] == []
    assert len(declared) == 2
