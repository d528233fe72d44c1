"""What the workflows do on GitHub, through its command `gh`: one comment, one issue, one refusal.

Runs before anything is installed. Texts are updated in place, so that a pull request has one
comment and a stack one open issue of a kind, however often a workflow runs.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tools.console import ToolchainError

MOST_CHARACTERS = 65_536
"""GitHub refuses longer comments and issues."""
APPROVAL = "data-loss-approved"
"""Label of a pull request that lets a plan with lost data pass."""
# Label, title and first sentence of the issue about a stack, by the make target that failed.
_ISSUES = {
    "drift": (
        "drift",
        "Drift",
        "`make drift STACK={stack}` found that {stack} differs from main, or it failed.",
    ),
    "backup": (
        "backup",
        "Backup",
        "`make backup STACK={stack}` failed: there is no new backup, or old ones were not pruned.",
    ),
    "verify": (
        "backup",
        "Backup verification",
        "`make verify STACK={stack}` found that the newest backup of {stack} cannot be restored "
        "exactly, or it failed.",
    ),
}
_MARK = "<!-- eros plan -->"
_AUTHOR = "github-actions[bot]"
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")


def comment(
    number: str, files: Sequence[Path], link: str, more: Sequence[Path] = (), offline: bool = False
) -> None:
    """Put the plans into the one comment of the pull request, with `more` if it could be made.

    With `offline` a plan may be one that was made without a cloud, or be missing.
    """
    if offline:
        title = (
            "> The plan against a stack's cloud failed, so one below may be made without a cloud: "
            f"[the run]({link}) says why. It is not enough to merge this: see docs/ci.md."
        )
        texts = [title, *(_text(file, link) for file in files)]
    else:
        texts = [file.read_text(encoding="utf-8").strip() for file in files]
    texts += [_text(file, link) for file in more]
    _write(number, texts, link)


def fork(head: str, commit: str, files: Sequence[Path], link: str) -> None:
    """Put the plans that the code of a fork made into the comment of its pull request.

    `head` is owner:branch. Both it and the commit come from GitHub; of what the fork's run has
    written only the texts are taken, and the comment says who made them.
    """
    found = json.loads(_api(f"pulls?state=open&per_page=100&head={quote(head)}"))
    numbers = [str(one["number"]) for one in found if one["head"]["sha"] == commit]
    if not numbers:
        print(f"no open pull request of {head} ends in {commit}: nothing to write")
    title = (
        f"> The code of {head.partition(':')[0]}'s fork made this plan at {commit[:12]}, without a "
        f"cloud: [its run]({link}). To merge it, see docs/ci.md."
    )
    texts = [title, *(_quieted(_text(file, link)) for file in files)]
    for number in numbers:
        _write(number, texts, link)


def _text(file: Path, link: str) -> str:
    """What an artifact has, or that it is missing; a link could lead to a file of this runner."""
    if file.is_file() and not file.is_symlink():
        return file.read_text(encoding="utf-8", errors="replace").strip()
    return f"There is no `{file.name}`: [the job that makes it]({link}) has failed."


def _quieted(text: str) -> str:
    """Markdown that calls nobody: who is named is not notified."""
    return re.sub(r"@(?=\w)", "@\u200b", text)


def _write(number: str, texts: Sequence[str], link: str) -> None:
    """Write or update the one comment of a pull request."""
    body = f"{_MARK}\n" + joined(texts, MOST_CHARACTERS - len(_MARK) - 1, link)
    comments = json.loads(_api(f"issues/{number}/comments?per_page=100", "--paginate", "--slurp"))
    own = [c["id"] for page in comments for c in page if _is_ours(c)]
    if own:
        _api(f"issues/comments/{own[0]}", "--method", "PATCH", body=body)
    else:
        _api(f"issues/{number}/comments", "--method", "POST", body=body)


def _is_ours(comment: Mapping[str, Any]) -> bool:
    """Whether a workflow wrote it: who writes the mark himself could change the plan afterwards."""
    author = comment["user"] or {}  # none for an account that is gone
    return author.get("login") == _AUTHOR and (comment["body"] or "").startswith(_MARK)


def refuse(number: str, files: Sequence[Path]) -> None:
    """Raise ToolchainError when a plan loses data and the pull request lacks the label."""
    lost = [f"{file.stem}: {text}" for file in files for text in losses(file)]
    if not lost:
        return
    labels = {label["name"] for label in json.loads(_api(f"issues/{number}/labels"))}
    if APPROVAL not in labels:
        raise ToolchainError(
            "the plan loses data\n"
            + "\n".join(f"  {text}" for text in lost)
            + f"\n  fix: keep the data, or ask its owner to add the label {APPROVAL} and run this "
            "job again"
        )


def issue(target: str, stack: str, outcome: str, output: Path, link: str) -> None:
    """Open, rewrite or close the issue that says what a make target has found of a stack."""
    label, title, head = _ISSUES[target]
    title = f"{title}: {stack}"
    found = json.loads(_api(f"issues?state=open&labels={label}&per_page=100"))
    numbers = [issue["number"] for issue in found if issue["title"] == title]
    if outcome == "success":
        for number in numbers:
            _api(f"issues/{number}", "--method", "PATCH", "-f", "state=closed")
        return
    text = fenced(output.read_text(encoding="utf-8"))
    body = joined([f"{head.format(stack=stack)}\n\n{text}"], MOST_CHARACTERS, link)
    if numbers:
        _api(f"issues/{numbers[0]}", "--method", "PATCH", body=body)
    else:
        extra = ("-f", f"title={title}", "-f", f"labels[]={label}")
        _api("issues", "--method", "POST", *extra, body=body)


def losses(plan: Path) -> list[str]:
    """What a plan of `eros plan --format json` loses; raises ToolchainError."""
    try:
        changes = json.loads(plan.read_text(encoding="utf-8"))["changes"]
        return [
            f"{change['name']}: {detail['text']}"
            for change in changes
            for detail in change["details"]
            if detail["loss"] == "LOSSY"
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ToolchainError(f"{plan} is not a plan of `eros plan` ({error})") from None


def joined(texts: Sequence[str], limit: int, link: str) -> str:
    """The texts under each other in at most `limit` characters; what is cut is counted and linked.

    The longest are cut first, so that a short one stays whole.
    """
    between = "\n\n"
    room = limit - len(between) * (len(texts) - 1)
    fitted: dict[int, str] = {}
    for left, position in zip(
        range(len(texts), 0, -1),
        sorted(range(len(texts)), key=lambda i: len(texts[i])),
        strict=True,
    ):
        fitted[position] = _cut(texts[position], room // left, link)
        room -= len(fitted[position])
    return between.join(fitted[position] for position in range(len(texts)))


def _cut(text: str, limit: int, link: str) -> str:
    """The first lines of Markdown, with what they open closed again."""
    if len(text) <= limit:
        return text
    lines = text.splitlines()
    kept: list[str] = []
    length = 0
    ending = ""
    for line in lines:
        rest = len(lines) - len(kept) - 1
        closing = _closing([*kept, line])
        tail = f"{closing}\n\n… {rest:,} more lines: [the whole]({link})"
        if length + len(line) + len(tail) > limit:
            break
        kept.append(line)
        length += len(line) + 1
        ending = tail
    return "\n".join(kept) + ending


def _closing(lines: Sequence[str]) -> str:
    """Text that ends the code block and the folded parts that these lines leave open."""
    fence = ""
    folded = 0
    for line in lines:
        found = _FENCE.match(line)
        if fence:
            if found and line.strip() == found[1] and found[1].startswith(fence):
                fence = ""
        elif found:
            fence = found[1]
        else:
            folded += line.count("<details") - line.count("</details>")
    return (f"\n{fence}" if fence else "") + "\n</details>" * folded


def fenced(text: str) -> str:
    """Text as a code block, whatever it holds."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text.strip()}\n{fence}"


def _api(path: str, *options: str, body: str | None = None) -> str:
    """Call GitHub's API about this repository; raises ToolchainError with what `gh` says."""
    command = ["gh", "api", f"repos/{os.environ['GITHUB_REPOSITORY']}/{path}", *options]
    if body is not None:
        command += ["-F", "body=@-"]
    done = subprocess.run(command, input=body, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ToolchainError(f"gh api {path}: {done.stderr.strip()}")
    return done.stdout


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the process."""
    parser = argparse.ArgumentParser(prog="python -m tools.github", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("comment")
    one.add_argument("number")
    one.add_argument("files", nargs="+", type=Path)
    one.add_argument("--link", required=True)
    one.add_argument("--more", nargs="*", type=Path, default=[])
    one.add_argument("--offline", action="store_true")
    other = commands.add_parser("fork")
    other.add_argument("head")
    other.add_argument("commit")
    other.add_argument("files", nargs="+", type=Path)
    other.add_argument("--link", required=True)
    two = commands.add_parser("refuse")
    two.add_argument("number")
    two.add_argument("files", nargs="+", type=Path)
    for target in _ISSUES:
        three = commands.add_parser(target)
        three.add_argument("stack")
        three.add_argument("outcome")
        three.add_argument("output", type=Path)
        three.add_argument("--link", required=True)
    given = vars(parser.parse_args(arguments))
    command = given.pop("command")
    if command in _ISSUES:
        given["target"] = command
    actions: dict[str, Callable[..., None]] = {
        "comment": comment,
        "fork": fork,
        "refuse": refuse,
    }
    try:
        actions.get(command, issue)(**given)
    except ToolchainError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
