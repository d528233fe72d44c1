"""Mistakes in a stack's file: the program and the commands say the same of them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from bqstack.errors import UserError
from eros.project import stack_file
from eros.project.settings import PROJECT_ROOT

FILE = "Pulumi.local.yaml"
# What is written instead of what, the key that is named, and the words.
MISTAKES = [
    ("eros:dataset: ", "eros:datasset: ", "eros:datasset", "unknown key"),
    ("eros:dataset: eros_scheduling_brain", "eros:dataset: eros-local", "eros:dataset", "pattern"),
    (
        "eros:externalTables: greenfield",
        "eros:externalTables: green",
        "eros:externalTables",
        "gree",
    ),
    ("    bucket: ", "    buckett: ", "eros:backup.buckett", "unknown key"),
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    shutil.copy(PROJECT_ROOT / FILE, tmp_path)
    return tmp_path


@pytest.mark.parametrize(("good", "bad", "key", "words"), MISTAKES)
def test_a_mistake_in_a_setting_is_the_same_to_the_engine_and_to_the_commands(
    tree: Path, monkeypatch: pytest.MonkeyPatch, good: str, bad: str, key: str, words: str
) -> None:
    file = tree / FILE
    text = file.read_text(encoding="utf-8")
    assert good in text
    file.write_text(text.replace(good, bad, 1), encoding="utf-8")
    with pytest.raises(UserError) as command:
        stack_file.load_stack_file("local", tree)
    monkeypatch.setattr(stack_file, "PROJECT_ROOT", tree)
    config = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in yaml.safe_load(file.read_text(encoding="utf-8"))["config"].items()
    }
    with pytest.raises(UserError) as program:
        stack_file.from_engine(config, "local")
    assert str(program.value) == str(command.value)
    assert (command.value.file, command.value.key) == (FILE, key)
    assert command.value.line is not None
    assert command.value.fix
    assert words in str(command.value)
