"""What the workflows write on GitHub, against a `gh` that remembers what it was asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bqstack.guard import Action, Change, Detail, Loss
from bqstack.plan import as_json
from bqstack.plan.whole_plan import Plan, Planned
from tools import github

LINK = "https://example.com/run/1"


@pytest.fixture
def gh(tmp_path, monkeypatch):
    """A `gh` on PATH: answers from answers.json by path, appends each call to calls.jsonl."""
    folder = tmp_path / "gh"
    folder.mkdir()
    program = folder / "gh"
    program.write_text(
        "#!/usr/bin/env python3\n"
        "import json, pathlib, sys\n"
        "folder = pathlib.Path(__file__).parent\n"
        "reads = '--method' not in sys.argv\n"
        "call = {'arguments': sys.argv[2:], 'body': None if reads else sys.stdin.read()}\n"
        "with (folder / 'calls.jsonl').open('a') as file:\n"
        "    file.write(json.dumps(call) + '\\n')\n"
        "answers = json.loads((folder / 'answers.json').read_text())\n"
        "path = sys.argv[2].partition('repos/o/r/')[2].partition('?')[0]\n"
        "if reads and path not in answers:\n"
        "    sys.exit('HTTP 404: Not Found')\n"
        "print(json.dumps(answers.get(path, {})))\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    monkeypatch.setenv("GITHUB_REPOSITORY", "o/r")
    return folder


def answer(gh: Path, **answers) -> None:
    (gh / "answers.json").write_text(
        json.dumps({k.replace("__", "/"): v for k, v in answers.items()})
    )


def written(gh: Path) -> list[dict]:
    calls = [json.loads(line) for line in (gh / "calls.jsonl").read_text().splitlines()]
    return [call for call in calls if "--method" in call["arguments"]]


def said(number: int, body: str, login: str | None = "github-actions[bot]") -> dict:
    """A comment as GitHub lists it; without a login its author's account is gone."""
    return {"id": number, "body": body, "user": login and {"login": login}}


def plan(folder: Path, name: str, *losses: tuple[str, Loss]) -> Path:
    """A plan as `eros plan` writes it, of changes with one detail each."""
    changes = [
        Planned(
            Change(
                f"urn::{object_}",
                "gcp:bigquery/table:Table",
                object_,
                Action.UPDATE,
                (Detail("schema.a", "column a is dropped", loss),),
                {},
                {},
            )
        )
        for object_, loss in losses
    ]
    file = folder / f"{name}.json"
    made = Plan(stack=name, base="state", head="files", changes=tuple(changes))
    file.write_text(json.dumps(as_json(made)))
    return file


def texts(folder: Path, *contents: str) -> list[str]:
    files = []
    for number, content in enumerate(contents):
        file = folder / f"plan{number}.md"
        file.write_text(content)
        files.append(str(file))
    return files


def test_the_first_plan_becomes_a_comment(gh, tmp_path):
    answer(gh, issues__7__comments=[[said(1, "nice!")]])
    assert github.main(["comment", "7", *texts(tmp_path, "# a", "# b"), "--link", LINK]) == 0
    (call,) = written(gh)
    assert call["arguments"][:3] == ["repos/o/r/issues/7/comments", "--method", "POST"]
    assert call["body"] == "<!-- eros plan -->\n# a\n\n# b"


def test_a_later_plan_replaces_it(gh, tmp_path):
    pages = [[said(1, "nice!")], [said(2, "<!-- eros plan -->\nold")]]
    answer(gh, issues__7__comments=pages)
    assert github.main(["comment", "7", *texts(tmp_path, "# new"), "--link", LINK]) == 0
    (call,) = written(gh)
    assert call["arguments"][:3] == ["repos/o/r/issues/comments/2", "--method", "PATCH"]


@pytest.mark.parametrize("login", ["somebody", None])
def test_a_comment_that_somebody_else_began_is_not_taken_for_ours(gh, tmp_path, login):
    """Who wrote a comment can change it, the plan in it included."""
    answer(gh, issues__7__comments=[[said(1, "<!-- eros plan -->\nall is well", login)]])
    assert github.main(["comment", "7", *texts(tmp_path, "# a"), "--link", LINK]) == 0
    (call,) = written(gh)
    assert call["arguments"][:3] == ["repos/o/r/issues/7/comments", "--method", "POST"]


def test_a_plan_without_a_cloud_says_so_and_one_may_be_missing(gh, tmp_path):
    answer(gh, issues__7__comments=[[]])
    files = [*texts(tmp_path, "# staging"), str(tmp_path / "prod.md")]
    assert github.main(["comment", "7", *files, "--offline", "--link", LINK]) == 0
    (call,) = written(gh)
    assert "> The plan against a stack's cloud failed" in call["body"]
    assert "# staging" in call["body"]
    assert "There is no `prod.md`" in call["body"]


def from_fork(gh: Path, tmp_path: Path, *files: str, commit: str = "c" * 40) -> int:
    pull = {"number": 7, "head": {"sha": "c" * 40}}
    answer(gh, pulls=[pull], issues__7__comments=[[said(2, "<!-- eros plan -->\nold")]])
    return github.main(["fork", "ann:my/branch&x=1", commit, *files, "--link", LINK])


def test_the_plan_of_a_fork_replaces_the_comment_and_says_who_made_it(gh, tmp_path):
    files = texts(tmp_path, "# staging, says @bob, mail@example.com")
    (tmp_path / "secret").write_text("a file of the runner")
    (tmp_path / "prod.md").symlink_to("secret")
    assert from_fork(gh, tmp_path, *files, str(tmp_path / "prod.md")) == 0
    (call,) = written(gh)
    assert call["arguments"][:3] == ["repos/o/r/issues/comments/2", "--method", "PATCH"]
    assert call["body"].startswith("<!-- eros plan -->\n> The code of ann's fork made this plan")
    assert "@bob" not in call["body"], "nobody is called by a stranger's text"
    assert f"There is no `prod.md`: [the job that makes it]({LINK}) has failed." in call["body"]
    asked = (gh / "calls.jsonl").read_text()
    assert "pulls?state=open&per_page=100&head=ann%3Amy/branch%26x%3D1" in asked


def test_a_fork_that_has_moved_on_keeps_the_newer_comment(gh, tmp_path, capsys):
    assert from_fork(gh, tmp_path, *texts(tmp_path, "# old"), commit="d" * 40) == 0
    assert written(gh) == []
    assert "nothing to write" in capsys.readouterr().out


def test_a_comment_stays_below_githubs_limit(gh, tmp_path):
    answer(gh, issues__7__comments=[[]])
    long = "\n".join(f"line {n} of the long plan" for n in range(5_000))
    short = "# the short one\n" + "\n".join(f"kept {n}" for n in range(500))
    assert github.main(["comment", "7", *texts(tmp_path, long, short), "--link", LINK]) == 0
    body = written(gh)[0]["body"]
    assert 60_000 < len(body) <= github.MOST_CHARACTERS
    assert "kept 499" in body
    assert f"more lines: [the whole]({LINK})" in body


def test_what_is_cut_is_counted_and_closed():
    folded = ["# plan", "<details>", "````text", "```", *(f"row {n}" for n in range(100)), "````"]
    text = "\n".join([*folded, "</details>"])
    cut = github.joined([text], 300, LINK)
    rows = cut.count("row ")
    assert len(cut) <= 300
    assert 0 < rows < 100
    assert f"\n````\n</details>\n\n… {106 - 4 - rows} more lines" in cut


def test_what_fits_is_left_alone():
    assert github.joined(["a", "b"], 100, LINK) == "a\n\nb"


def test_a_code_block_holds_any_text():
    assert github.fenced("a ``` b") == "````text\na ``` b\n````"


def test_a_plan_that_loses_nothing_needs_no_label(gh, tmp_path):
    answer(gh)
    safe = plan(tmp_path, "prod", ("caption_bank", Loss.NONE), ("top_n", Loss.REVERSIBLE))
    assert github.main(["refuse", "7", str(safe)]) == 0
    assert not (gh / "calls.jsonl").exists()


def test_a_plan_that_loses_data_is_refused(gh, tmp_path, capsys):
    answer(gh, issues__7__labels=[{"name": "enhancement"}])
    lossy = plan(tmp_path, "prod", ("caption_bank", Loss.LOSSY), ("top_n", Loss.NONE))
    safe = plan(tmp_path, "staging", ("top_n", Loss.NONE))
    assert github.main(["refuse", "7", str(safe), str(lossy)]) == 1
    error = capsys.readouterr().err
    assert "prod: caption_bank: column a is dropped" in error
    assert "top_n" not in error
    assert github.APPROVAL in error


def test_the_label_lets_it_through(gh, tmp_path):
    answer(gh, issues__7__labels=[{"name": github.APPROVAL}])
    lossy = plan(tmp_path, "prod", ("caption_bank", Loss.LOSSY))
    assert github.main(["refuse", "7", str(lossy)]) == 0


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"changes": [{"name": "a", "loss": "NONE"}]}']
)
def test_what_is_no_plan_is_not_taken_for_a_safe_one(gh, tmp_path, content, capsys):
    file = tmp_path / "prod.json"
    file.write_text(content)
    assert github.main(["refuse", "7", str(file)]) == 1
    assert "is not a plan" in capsys.readouterr().err


def drifted(gh: Path, tmp_path: Path, outcome: str, issues: list[dict]) -> list[dict]:
    answer(gh, issues=issues)
    output = tmp_path / "drift.txt"
    output.write_text("~ caption_bank update\n")
    assert github.main(["drift", "prod", outcome, str(output), "--link", LINK]) == 0
    return written(gh)


def test_drift_opens_an_issue(gh, tmp_path):
    (call,) = drifted(gh, tmp_path, "failure", [{"number": 3, "title": "Drift: staging"}])
    assert call["arguments"][:3] == ["repos/o/r/issues", "--method", "POST"]
    assert "title=Drift: prod" in call["arguments"]
    assert "~ caption_bank update" in call["body"]


def test_drift_that_lasts_writes_into_the_open_issue(gh, tmp_path):
    (call,) = drifted(gh, tmp_path, "failure", [{"number": 4, "title": "Drift: prod"}])
    assert call["arguments"][:3] == ["repos/o/r/issues/4", "--method", "PATCH"]


def test_agreement_closes_the_issue(gh, tmp_path):
    (call,) = drifted(gh, tmp_path, "success", [{"number": 4, "title": "Drift: prod"}])
    assert call["arguments"][:3] == ["repos/o/r/issues/4", "--method", "PATCH"]
    assert "state=closed" in call["arguments"]


def test_agreement_without_an_issue_writes_nothing(gh, tmp_path):
    assert drifted(gh, tmp_path, "success", []) == []


@pytest.mark.parametrize(
    ("target", "title"), [("backup", "Backup: prod"), ("verify", "Backup verification: prod")]
)
def test_a_backup_that_failed_has_an_issue_of_its_own(gh, tmp_path, target, title):
    output = tmp_path / "out.txt"
    output.write_text("error: no connection\n")
    call = [target, "prod", "failure", str(output), "--link", LINK]
    answer(gh, issues=[{"number": 4, "title": "Drift: prod"}])
    assert github.main(call) == 0
    (opened,) = written(gh)
    assert f"title={title}" in opened["arguments"]
    assert "labels[]=backup" in opened["arguments"]
    assert "error: no connection" in opened["body"]
    assert f"`make {target} STACK=prod`" in opened["body"]
    answer(gh, issues=[{"number": 5, "title": title}])
    assert github.main([target, "prod", "success", str(output), "--link", LINK]) == 0
    assert written(gh)[-1]["arguments"][:3] == ["repos/o/r/issues/5", "--method", "PATCH"]


def test_what_github_refuses_is_reported(gh, tmp_path, capsys):
    answer(gh)
    assert github.main(["comment", "7", *texts(tmp_path, "# a"), "--link", LINK]) == 1
    assert "HTTP 404" in capsys.readouterr().err
