"""Text of anybody's comes out as it went in, and nothing obeys it.

Every text goes to every place that shows or keeps text of others. That feedback and selection
leave it as it is, too, is shown on the emulator (`hostile_texts`, `hostile_page_name`).
"""

from __future__ import annotations

import csv
import io
import json
import re
from html import unescape
from pathlib import Path

import pytest
from rich.console import Console

from bqstack.guard import Action, Change, Detail, Loss
from bqstack.guard.table_changes import TYPE as TABLE
from bqstack.plan import Plan, markdown
from bqstack.plan.whole_plan import Planned
from eros import logs
from eros.cli import answers, common, local_inbox
from eros.watch.monitor_query import Answer
from tests.unit.test_dashboards import END, Monitoring, Window, busy_day, client, dashboards, page
from tests.unit.test_dashboards import sources as _sources

sources = _sources
HOSTILE = {
    "sql": "'; DROP TABLE captions; -- \" ` \\' \\",
    "parameter": "@name {{ project }} ${project} $1 ? :x",
    "nul": "before\0after",
    "right to left": "\u202egnp.exe\u202c \u2067x\u2069",
    "joiner": "👩\u200d👩\u200d👧 e\u0301 \ufeff",
    "braces": "{0} {x!r} {{}} %s %(x)s %n {self.__class__}",
    "html": "</script><script>alert(1)</script><img src=x onerror=alert(2)>&lt;",
    "markdown": "**b** | c | [x](javascript:alert(1)) ![i](http://e/) `q` # h <!-- c -->",
    "mention": "@everyone @org/team #1 GH-1 https://example.com/@a",
    "rich": "[red]r[/red] [link=http://e]x[/link] [/] :smile:",
    "terminal": "\x1b[2J\x1b]0;title\x07\x9b31m\r\b\x7f",
    "lines": "one\ntwo\r\nthree\u2028four\u0085five",
    "formula": '=HYPERLINK("http://e","x")',
    "surrogate pair": "\U0001f4a9\U000e0001",
}
LARGE = "x\u202e'\"<" * 2_000_000


@pytest.fixture(params=list(HOSTILE))
def text(request) -> str:
    """One of HOSTILE."""
    return HOSTILE[request.param]


def answer(text: str) -> Answer:
    return Answer(("name", "text"), [("row", text)])


# What programs read -----------------------------------------------------------------------


@pytest.mark.parametrize("text", [*HOSTILE.values(), LARGE], ids=[*HOSTILE, "ten megabytes"])
def test_json_csv_and_logs_keep_it(text, tmp_path):
    assert json.loads(answers.as_json(answer(text))) == [{"name": "row", "text": text}]
    csv.field_size_limit(20_000_000)
    rows = list(csv.reader(io.StringIO(answers.as_csv(answer(text)), newline="")))
    assert rows == [["name", "text"], ["row", text]]
    logs.start(tmp_path)
    try:
        logs.Log("x").info(text, value=text)
    finally:
        logs.finish()
    (line,) = _lines(tmp_path / logs.Stream.APPLICATION.value)
    record = json.loads(line)
    assert (record["message"], record["extras"]) == (text, {"value": text})


def _lines(folder: Path) -> list[bytes]:
    (file,) = folder.glob("*.jsonl")
    return file.read_bytes().removesuffix(b"\n").split(b"\n")


# What people read -------------------------------------------------------------------------


def shown(text: str) -> str:
    """As a person sees it on a terminal, controls as escapes."""
    return common.inert(text)


def test_a_terminal_obeys_none_of_it(text):
    assert not any(
        (ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0 or c in "\u202e\u2067"
        for c in shown(text)
    )
    assert shown("👩\u200d👧 plain\ttext\n") == "👩\u200d👧 plain\ttext\n"


def test_a_table_shows_it(text):
    file = io.StringIO()
    answers.show(Console(file=file, width=500), answer(text))
    assert _letters(shown(text)) in _letters(file.getvalue())
    assert "\x1b[2J" not in file.getvalue()
    assert _letters(shown(text)) in _letters(answers.plain(answer(text)))


def test_the_inbox_shows_it(text, monkeypatch):
    file = io.StringIO()
    terminal = type(common.console)(file=file, width=2000, soft_wrap=True, highlight=False)
    monkeypatch.setattr(local_inbox, "console", terminal)
    one = notification(text)
    local_inbox.show_one(one)
    terminal.print(local_inbox.entry(one))
    assert file.getvalue().count("\x1b") == 0
    assert _letters(file.getvalue()).count(_letters(shown(text))) >= 3


def notification(text: str) -> dict:
    incident = {
        "renotify": False,
        "state": "open",
        "severity": "Critical",
        "policy_name": text,
        "condition_name": text,
        "summary": text,
        "incident_id": "1",
        "policy_user_labels": {},
        "documentation": {"subject": text, "content": text, "links": []},
    }
    return {
        "number": 1,
        "time": "2026-11-29T08:00:00+00:00",
        "payload": {"incident": incident},
        "channel": {"displayName": text, "type": "email"},
    }


def test_a_comment_shows_it_as_text(text):
    detail = Detail("x", text, Loss.LOSSY, text)
    change = Change("u", TABLE, text, Action.UPDATE, (detail,), {}, {})
    rendered = markdown.render(Plan("s", "a", "b", (Planned(change),)))
    outside = _without_code(rendered)
    for harm in ("<script", "<img", "](javascript", "](http", "<!-- c", "**b**", "| c |"):
        assert harm not in outside
    assert not any(word.startswith("@") for word in outside.split())


def _without_code(comment: str) -> str:
    """The comment without what stands in code, where nothing means anything."""
    # Names in HTML are escaped, and GitHub looks for mentions in no code.
    comment = re.sub(r"<code>[^<]*</code>", "", comment)
    parts = comment.split("```")
    assert len(parts) % 2 == 1, "no block is left open"
    kept = []
    for line in "".join(parts[::2]).splitlines():
        in_code, escaped = False, False
        for character in line:
            if character == "`" and not escaped:
                in_code = not in_code
            elif not in_code:
                kept.append("" if escaped or character == "\\" else character)
            # In code a backslash is one.
            escaped = character == "\\" and not escaped and not in_code
        assert not in_code, f"code is left open: {line}"
        kept.append("\n")
    return "".join(kept)


def test_a_dashboard_shows_it_as_text(text, settings, sources):
    recorded = busy_day()
    recorded.alerts[0]["policy"]["displayName"] = text
    rule = recorded.series["logging.googleapis.com/user/eros/alert_firing"][0]
    rule["metric"]["labels"]["rule"] = text
    monitoring = Monitoring(client(recorded), "test-project", Window.until(END, 24))
    board = page.Page(settings, "staging", monitoring, sources)
    rendered = page.render(board, dashboards.load(settings))
    assert "<script>alert" not in rendered
    assert "<img src=x" not in rendered.partition("<script")[0]
    assert _letters(text) in _letters(unescape(rendered))


def _letters(text: str) -> str:
    """Without white space, which a table and a browser put where they like."""
    return "".join(text.split())
