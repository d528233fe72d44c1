"""The command as a whole: its version, its help, completion, and how text reaches a terminal."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from bqstack.guard import Loss
from eros.cli import plan
from eros.cli.app import COMMANDS, asked, build, outline
from eros.cli.common import Terminal
from eros.project import environment


@pytest.fixture(scope="module")
def runner() -> CliRunner:
    return CliRunner(env={"COLUMNS": "80"})


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    return build()


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_is_that_of_the_project_with_its_commit(runner, app, option):
    result = runner.invoke(app, [option])
    assert result.exit_code == 0
    assert re.match(r"eros \d+\.\d+\.\d+(, commit \S+)?\n", result.output)


def test_an_installed_package_says_its_own_version(runner, app, monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "IS_INSTALLED", True)
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    result = runner.invoke(app, ["--version"])
    assert result.exit_code == 0
    assert re.fullmatch(r"eros \d+\.\d+\.\d+\n", result.output)


@pytest.mark.parametrize("words", [["-h"], ["health", "-h"], ["local", "clock", "advance", "-h"]])
def test_help_has_a_short_name_everywhere(runner, app, words):
    result = runner.invoke(app, words)
    assert result.exit_code == 0
    assert "Usage:" in result.output


def test_every_command_stands_in_a_panel_of_the_help(runner, app):
    text = runner.invoke(app, ["--help"]).output
    assert all(f"─ {panel} " in text for panel in set(COMMANDS.values()))
    assert "─ Commands " not in text
    assert "--install-completion" in text


def test_the_outline_has_the_help_of_the_whole_command(runner, app):
    assert runner.invoke(outline(), ["--help"]).output == runner.invoke(app, ["--help"]).output


@pytest.mark.parametrize(
    ("words", "environ", "name"),
    [
        ([], {}, ""),
        (["--help"], {}, ""),
        (["-V"], {}, ""),
        (["health", "--help"], {}, "health"),
        (["helth"], {}, None),
        ([], {"COMP_WORDS": "eros hea"}, ""),
        ([], {"COMP_WORDS": "eros local clo"}, "local"),
        ([], {"_TYPER_COMPLETE_ARGS": "eros local clo"}, "local"),
    ],
)
def test_only_the_command_that_is_asked_for_is_imported(words, environ, name):
    assert asked(words, environ) == name


def test_help_imports_no_command_and_no_client():
    code = (
        "import sys; sys.argv = ['eros', '--help']\n"
        "from eros.cli import app\n"
        "try:\n    app.main()\nexcept SystemExit:\n    pass\n"
        "heavy = ('eros.cli.health', 'eros.logs', 'google', 'pydantic', 'pulumi', 'sqlglot')\n"
        "print([name for name in heavy if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage: eros" in done.stdout
    assert done.stderr.strip() == "[]"


def test_a_command_that_takes_its_time_to_load_says_so(tmp_path):
    code = (
        "import io, sys, time\n"
        "from eros.cli import app, waiting\n"
        "waiting.SILENT_SECONDS = 0\n"
        "said = sys.stderr = io.StringIO()\n"
        "build = app.build\n"
        "def slow(names):\n"
        "    while not said.getvalue():\n"
        "        time.sleep(0.01)\n"
        "    return build(names)\n"
        "app.build = slow\n"
        "sys.argv = ['eros', 'health', '--help']\n"
        "try:\n    app.main()\nexcept SystemExit:\n    print(said.getvalue())\n"
    )
    # Without the durations of this machine's earlier runs.
    own = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=own)
    assert "Usage: eros health" in done.stdout
    assert done.stdout.endswith("eros health: loading\n\n")


def test_completion_in_a_home_that_takes_no_files_ends_in_one_line(tmp_path):
    (tmp_path / "home").write_text("")
    code = (
        "import sys; sys.argv = ['eros', '--install-completion']\n"
        "import shellingham\n"
        "shellingham.detect_shell = lambda *_: ('bash', '/bin/bash')\n"
        "from eros.cli import app\n"
        "app.main()\n"
    )
    own = os.environ | {"HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=own)
    assert done.returncode == 1
    # A busy machine says before it that the command is loading.
    assert done.stderr.splitlines()[-1].startswith(f"error: {tmp_path}/home")
    assert "Traceback" not in done.stderr


def printed(text: str, *, terminal: bool) -> list[str]:
    out = io.StringIO()
    Terminal(file=out, width=40, force_terminal=terminal, no_color=True).print(text, markup=False)
    return out.getvalue().splitlines()


def test_a_terminal_gets_whole_words_and_a_pipe_whole_lines():
    text = "the restore of yesterday evening has not ended; eros backup restore --resume goes on"
    lines = printed(text, terminal=True)
    assert len(lines) > 1
    assert max(map(len, lines)) <= 40
    assert " ".join(line.strip() for line in lines) == text
    assert printed(text, terminal=False) == [text]


def test_what_continues_a_line_stands_below_its_words():
    text = "    it newly runs: UPDATE of every row of page_figures"
    assert printed(text, terminal=True) == [
        "    it newly runs: UPDATE of every row",
        "      of page_figures",
    ]
    assert printed("✓ Schedules: 1 of 11 paused since yesterday, 38 min", terminal=True) == [
        "✓ Schedules: 1 of 11 paused since",
        "  yesterday, 38 min",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "    pulumi config set --path 'eros:allowMistakes[0]' 'sql/x.sql' --stack local",
        "  fix: eros plan --stack local --output FOLDER --offline",
        " 101 |   DELETE FROM `{{ project }}`.`{{ dataset }}`.archived_assignments",
        "     |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
    ],
)
def test_commands_to_paste_and_excerpts_stay_whole(line):
    assert printed(f"error: it is wrong\n{line}\nthe end", terminal=True) == [
        "error: it is wrong",
        line,
        "the end",
    ]


@pytest.mark.parametrize("loss", Loss)
def test_a_planned_change_has_the_colour_of_its_class(loss):
    name = loss.name.lower()
    line = plan.coloured(f"{'update':<16}{name:<12}table captions")
    (span,) = line.spans
    assert line.plain[span.start : span.end] == name
    assert span.style == plan.COLOURS[name]
    assert plan.coloured("    lossy or not is only a word here").spans == []
    (span,) = plan.coloured("check: captions: a filter goes").spans
    assert (span.start, span.end, span.style) == (0, 6, "yellow")
