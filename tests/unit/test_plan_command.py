"""`eros plan`: options, files, exit codes; the sides are given."""

from __future__ import annotations

import json
import subprocess

import pytest
import typer
from typer.testing import CliRunner

from bqstack import state
from bqstack.errors import UserError
from bqstack.guard.declarations import Declared
from bqstack.plan import raw, sources
from bqstack.plan.sources import Side
from eros.cli import plan as command
from eros.project.settings import PROJECT_ROOT

app = typer.Typer()
app.command()(command.plan)
TABLE = "gcp:bigquery/table:Table"


def side(label: str, *names: str, allowed: tuple[str, ...] = ()) -> Side:
    """Tables of these names."""
    found = tuple(
        Declared(f"u::{name}", TABLE, name, {"tableId": name}, custom=True, protect=False)
        for name in names
    )
    return Side(label, found, allowed=allowed)


@pytest.fixture(autouse=True)
def sides(monkeypatch) -> list[Side]:
    """Without --base a table goes; with it nothing changes."""
    given = [side("the state", "pages", "captions"), side("the files", "pages")]
    monkeypatch.setattr(sources, "against_state", lambda *_: tuple(given))
    monkeypatch.setattr(sources, "trees", lambda *_: (side("a", "pages"), side("b", "pages")))
    monkeypatch.setattr(raw, "preview", lambda stack, _root: f"raw preview of {stack}")
    return given


def run(*arguments: str):
    """The command, offline."""
    return CliRunner().invoke(app, ["--stack", "staging", "--offline", *arguments])


def test_a_plan_is_text_by_default_and_succeeds_whatever_it_says():
    result = run()
    assert result.exit_code == 0
    assert "delete          lossy       table captions" in result.stdout


def test_a_lossy_plan_fails_when_it_shall():
    result = run("--refuse", "lossy")
    assert isinstance(result.exception, UserError)
    assert "captions: delete" in str(result.exception)


def test_an_allowed_loss_does_not_fail(sides):
    sides[1] = side("the files", "pages", allowed=("captions: delete",))
    assert run("--refuse", "lossy").exit_code == 0


def test_both_forms_are_written_for_the_workflow(tmp_path):
    assert run("--output", str(tmp_path / "plan")).exit_code == 0
    text = (tmp_path / "plan/staging.md").read_text(encoding="utf-8")
    assert "raw preview of staging" in text
    document = json.loads((tmp_path / "plan/staging.json").read_text(encoding="utf-8"))
    assert [(c["name"], c["loss"]) for c in document["changes"]] == [("captions", "LOSSY")]


def test_a_place_that_is_no_folder_is_reported_before_the_plan_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "against_state", lambda *_: pytest.fail("too late"))
    place = tmp_path / "plan"
    place.touch()
    error = run("--output", str(place)).exception
    assert isinstance(error, UserError)
    assert str(error) == f"{place}: --output: the folder cannot be created: File exists"


def test_nothing_to_do_is_said_in_one_line():
    assert "nothing changes" in run("--base", "main").stdout


def test_a_head_without_a_base_is_refused():
    assert "--head needs --base" in str(run("--head", "main").exception)


def test_an_unknown_commit_is_reported_with_what_to_do(monkeypatch):
    monkeypatch.undo()
    with pytest.raises(UserError, match="no-such-commit") as error:
        sources.trees("staging", "no-such-commit", None, PROJECT_ROOT)
    assert "git fetch" in str(error.value)


def committed(folder) -> None:
    """Make a repository of one commit of the folder."""
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(folder)]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *arguments], check=True)


def test_a_base_from_before_the_stack_has_nothing_of_it(tmp_path, monkeypatch):
    monkeypatch.undo()
    (tmp_path / "Pulumi.yaml").write_text("name: eros\n", encoding="utf-8")
    committed(tmp_path)
    monkeypatch.setattr(sources, "declared", lambda *_, **__: side("files", "pages"))
    old, new = sources.trees("prod", "HEAD", None, tmp_path)
    assert (old.resources, [r.name for r in new.resources]) == ((), ["pages"])
    assert "before stack prod existed" in old.label


ENTRY = '[tool.bqstack]\nprogram = "planned:program"\n'
REFUSED = """
from bqstack.errors import UserError

def program(stack, *, check=True):
    raise UserError(f"no settings for {stack}")
"""


def written(root, files) -> None:
    """Write the files of a program; None leaves one out, all but its folder."""
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        if content is not None:
            (root / name).write_text(content, encoding="utf-8")


def test_a_program_that_is_refused_is_reported_with_its_side(tmp_path, monkeypatch):
    monkeypatch.undo()
    files = {
        "Pulumi.yaml": "name: eros\n",
        "Pulumi.prod.yaml": "",
        "pyproject.toml": ENTRY,
        "planned.py": REFUSED,
    }
    written(tmp_path, files)
    committed(tmp_path)
    with pytest.raises(UserError, match=r"commit .*: no settings for prod"):
        sources.trees("prod", "HEAD", "HEAD", tmp_path)


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("planned.py", "def (:\n", "planned.py:1: the program does not run: Syn"),
        ("planned.py", "import no_such_package\n", "planned.py:1: .* 'no_such_package'"),
        ("planned.py", "import components.system\n", "planned.py:1: .* 'components'"),
        ("planned.py", "import eros.project.settings\n", "planned.py:1: .* 'eros'"),
        ("planned.py", None, "the program does not run: .*'planned'"),
        ("planned.py", "other = 1\n", r"pyproject.toml: tool.bqstack.program: .* no such function"),
        ("pyproject.toml", None, r"pyproject.toml: tool.bqstack.program: No such file"),
        (
            "pyproject.toml",
            "[tool]\n",
            r"pyproject.toml: tool.bqstack.program: it does not name a program",
        ),
        ("Pulumi.yaml", None, "Pulumi.yaml: the file does not exist"),
    ],
)
def test_a_program_that_does_not_run_is_reported_in_words(
    tmp_path, monkeypatch, path, text, expected
):
    monkeypatch.undo()
    files = {
        "Pulumi.yaml": "name: eros\n",
        "pyproject.toml": ENTRY,
        "planned.py": REFUSED,
        path: text,
    }
    written(tmp_path, files)
    with pytest.raises(UserError, match=f"^a commit: {expected}") as error:
        sources.declared(tmp_path, "prod", "a commit")
    assert "Traceback" not in str(error.value)


def test_a_commit_from_before_the_library_stood_apart_records_itself(tmp_path, monkeypatch):
    monkeypatch.undo()
    files = {
        "eros/__init__.py": "",
        "eros/plan/__init__.py": "",
        "eros/plan/declare.py": "import json, sys\n"
        "json.dump({'resources': [], 'aliases': {}, 'imports': [], 'allowed': sys.argv[1:],"
        " 'location': 'US', 'adopted': {}}, sys.stdout)\n",
    }
    written(tmp_path, files)
    found = sources.declared(tmp_path, "prod", "a commit")
    assert found.allowed == (str(tmp_path), "prod")


def test_a_stack_that_does_not_exist_yet_has_everything_to_create(monkeypatch):
    monkeypatch.undo()

    def missing(*_: object) -> state.Checkpoint:
        raise UserError("pulumi stack export: error: no stack named 'staging' found")

    monkeypatch.setattr(state, "current", missing)
    monkeypatch.setattr(sources, "declared", lambda *_, **__: side("files", "pages"))
    old, new = sources.against_state("staging", PROJECT_ROOT)
    assert (old.resources, [r.name for r in new.resources]) == ((), ["pages"])
