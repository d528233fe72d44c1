"""The comment of ten changes, as they happen; EROS_WRITE_GOLDEN=1 rewrites it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pulumi_gcp as gcp
import pytest
import yaml

from bqstack import catalogue
from bqstack.analysis.analyser import Analyser
from bqstack.catalogue import Routine, Table
from bqstack.guard import Action, Change, Detail, Loss, compare, declarations, words
from bqstack.guard.table_changes import TYPE as TABLE
from bqstack.plan import (
    Plan,
    as_json,
    build,
    costs,
    lineage,
    lineage_memory,
    markdown,
    picture,
    terminal,
)
from bqstack.plan.impact import Effect
from bqstack.plan.sources import Side
from bqstack.plan.whole_plan import Planned
from components.routines import Routines
from components.tables import Tables
from components.views import Views
from eros.project import schedules
from eros.project.settings import Settings
from eros.project.stack_file import parse
from tests.unit.conftest import VALUES

FOLDER = Path(__file__).parent / "plan"
CHANGES = yaml.safe_load((FOLDER / "changes.yaml").read_text(encoding="utf-8"))


def declare(root: Path, settings: Settings) -> None:
    """A small system: what stands below `root`, one alert, and access."""
    dataset = gcp.bigquery.Dataset(
        "dataset",
        project=settings.project,
        dataset_id=settings.dataset,
        labels=settings.all_labels,
    )
    tables = Tables("tables", settings, dataset)
    routines = Routines("routines", settings, dataset)
    views = Views("views", settings, dataset)
    for item in catalogue.load(settings, root).declared:
        match item:
            case Table():
                tables.add(item)
            case Routine():
                routines.add(item, [])
            case _:
                views.add(item, [])
    for config in schedules.transfer_configs(settings, root):
        gcp.bigquery.DataTransferConfig(
            config.key,
            project=settings.project,
            display_name=config.title,
            data_source_id="scheduled_query",
            schedule=config.schedule,
            params={"query": config.query},
            disabled=settings.schedules_paused,
        )
    policy = yaml.safe_load((root / "config/policy.yaml").read_text(encoding="utf-8"))
    gcp.monitoring.AlertPolicy(
        "expired_locks",
        project=settings.project,
        display_name="Expired locks",
        combiner="OR",
        severity=policy["severity"],
        notification_channels=policy["channels"],
        conditions=[
            {
                "display_name": "Expired locks",
                "condition_threshold": {
                    "comparison": "COMPARISON_GT",
                    "duration": "300s",
                    "threshold_value": policy["threshold"],
                },
            }
        ],
    )
    for member in settings.access.readers:
        gcp.bigquery.DatasetIamMember(
            f"dataset-reader-{member}",
            project=settings.project,
            dataset_id=settings.dataset,
            role="roles/bigquery.dataViewer",
            member=member,
        )


def side(label: str, root: Path, values: dict[str, Any]) -> Side:
    """One side of a plan."""
    settings = parse(values, "f")
    found = declarations.declarations(
        lambda: declare(root, settings), project="eros", stack="staging"
    )
    return Side(label, tuple(found.resources), allowed=tuple(settings.allow_loss))


def edited(root: Path, values: dict[str, Any], edits: list[list[Any]]) -> dict[str, Any]:
    """Make the edits below `root`; the settings that they leave."""
    for file, old, new in edits:
        path = root / file
        if file == "settings":
            values = values | {old: new}
        elif new is None:
            path.unlink()
        elif old is None:
            twin = FOLDER / "project" / Path(file).with_stem(new)
            text = twin.read_text(encoding="utf-8")
            path.write_text(text.replace(f".{new}", f".{path.stem}"), encoding="utf-8")
        else:
            text = path.read_text(encoding="utf-8")
            assert old in text, f"{old!r} is not in {file}"
            path.write_text(text.replace(old, new), encoding="utf-8")
    return values


@cache
def shared_analyser() -> Analyser:
    """One analyser for all tests: starting it takes longer than its work."""
    return Analyser()


@pytest.fixture(scope="module")
def base() -> Iterator[Side]:
    """The system before every change."""
    yield side("commit 1111111111", FOLDER / "project", VALUES)
    shared_analyser.cache_clear()


def planned(base: Side, tmp_path: Path, name: str, **more: Any):
    """The plan of one of the changes."""
    root = tmp_path / "project"
    shutil.copytree(FOLDER / "project", root)
    values = edited(root, VALUES, CHANGES[name]) | more
    head = side("commit 2222222222", root, values)
    return build(
        parse(values, "f"), "staging", base, head, connect=None, analyser=shared_analyser()
    )


@pytest.mark.parametrize("name", CHANGES)
def test_the_comment_of_a_change_is_the_one_that_was_looked_at(base, tmp_path, name):
    text = markdown.render(planned(base, tmp_path, name))
    golden = FOLDER / "golden" / f"{name}.md"
    if os.environ.get("EROS_WRITE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_what_a_change_makes_wrong_is_reported(base, tmp_path):
    (change,) = planned(base, tmp_path, "change_signature").changes
    assert list(change.broken) == ["account_sizes"]
    assert "NON_NEGATIVE" in change.broken["account_sizes"]


_DROP_WRITTEN = [
    "sql/tables/lock_sweep_log.sql",
    "    active_before INT64 OPTIONS (description = 'Active locks before the sweep'),\n",
    "",
]


def test_a_procedure_that_writes_a_dropped_column_is_wrong_and_has_no_cost(
    base, tmp_path, monkeypatch
):
    monkeypatch.setitem(CHANGES, "drop_written_column", [_DROP_WRITTEN])
    plan = planned(base, tmp_path, "drop_written_column")
    (change,) = plan.changes
    assert "active_before" in change.broken["sweep_expired_caption_locks"]
    (cost,) = plan.schedules
    assert cost.before.bytes_per_run > 0
    assert cost.after.bytes_per_run is None
    assert cost.after.usd_per_month(6.25) is None
    comment = markdown.render(plan)
    assert "❌ `sweep_expired_caption_locks`" in comment
    assert "an unknown number of bytes" in comment


def test_the_picture_names_what_changes_what_breaks_and_who_reads_it(base, tmp_path, monkeypatch):
    monkeypatch.setitem(CHANGES, "drop_written_column", [_DROP_WRITTEN])
    text = picture.mermaid(planned(base, tmp_path, "drop_written_column"))
    assert '["lock_sweep_log<br/>table"]:::lossy' in text
    assert '["sweep_expired_caption_locks<br/>breaks"]:::broken' in text
    assert "n0 --> n1" in text
    assert picture.mermaid(planned(base, tmp_path / "2", "other_owner")) == ""


def test_the_picture_has_what_is_lost_and_whose_sql_named_it(base, tmp_path):
    text = picture.mermaid(planned(base, tmp_path, "rename_table_and_grant"))
    assert 'n0["automation_alerts<br/>table: delete"]:::lossy' in text
    assert 'n1["raise_alert<br/>procedure"]:::changed' in text
    assert 'n2["alerts<br/>table: create"]:::changed' in text
    assert {"  n0 --> n1", "  n2 --> n1"} <= set(text.splitlines())


def test_a_loss_that_touches_nothing_else_needs_no_picture(base, tmp_path):
    plan = planned(base, tmp_path, "shorten_retention")
    assert plan.refused
    assert picture.mermaid(plan) == ""


def test_the_picture_has_no_more_nodes_than_a_person_takes_in_and_hostile_names_are_inert():
    effects = tuple(
        Effect(f'v{n}"]; click x "javascript:alert(1)', "view", (), ("t.a",)) for n in range(60)
    )
    change = Change("u", TABLE, "t", Action.UPDATE, (), {}, {})
    plan = Plan("s", "a", "b", (Planned(change, downstream=effects),))
    text = picture.mermaid(plan)
    assert text.count(":::") == picture.MOST_NODES
    assert "36 more below" in text
    assert 'click x "' not in text


def test_a_new_column_with_a_default_is_reported_as_refused(base, tmp_path, monkeypatch):
    new = _DROP_WRITTEN[1] + "    found INT64 DEFAULT 0 OPTIONS (description = 'Found'),\n"
    monkeypatch.setitem(CHANGES, "add_default", [[*_DROP_WRITTEN[:2], new]])
    (change,) = planned(base, tmp_path, "add_default").changes
    (detail,) = change.change.details
    assert "with a default, which BigQuery refuses" in detail.text
    assert "second update" in detail.reason
    assert detail.loss is Loss.LOSSY
    assert detail.allowance == f"{change.change.name}: add column found with a default"


def test_a_column_is_followed_through_views_and_table_functions(base, tmp_path):
    CHANGES["retype_seen"] = [
        ["sql/external_tables/mass_messages.sql", "sent_count INT64", "sent_count NUMERIC"],
        ["sql/functions/non_negative.sql", "amount INT64", "amount NUMERIC"],
        ["sql/functions/non_negative.sql", "RETURNS INT64", "RETURNS NUMERIC"],
    ]
    plan = planned(base, tmp_path, "retype_seen")
    (change,) = [p for p in plan.changes if p.change.name == "mass_messages"]
    (effect,) = [e for e in change.downstream if e.name == "account_sizes"]
    audience = next(c for c in effect.columns if c.column == "audience")
    assert (audience.before, audience.after) == ("INT64", "NUMERIC")
    assert "mass_messages.sent_count" in audience.comes_from


def test_the_json_says_all_that_the_comment_says(base, tmp_path):
    plan = planned(base, tmp_path, "drop_column")
    document = json.loads(json.dumps(as_json(plan)))
    assert document["loss"] == "LOSSY"
    assert document["refused"] == ["captions: drop column caption_text"]
    change = document["changes"][0]
    assert (change["name"], change["loss"], change["allowed"]) == ("captions", "LOSSY", False)
    assert change["downstream"][0]["columns"][0]["comesFrom"] == ["captions.caption_text"]


def test_what_is_allowed_is_not_refused(base, tmp_path):
    allowed = ["captions: drop column caption_text"]
    plan = planned(base, tmp_path, "drop_column", allowLoss=allowed)
    assert plan.refused == []
    assert "CAUTION" not in markdown.render(plan)
    assert as_json(plan)["changes"][0]["allowed"] is True


def test_a_plan_is_the_same_whatever_the_order_of_registration(base, tmp_path):
    turned = Side(base.label, tuple(reversed(base.resources)))
    texts = {
        markdown.render(planned(side, tmp_path / name, "other_owner"))
        for name, side in (("a", base), ("b", turned))
    }
    assert len(texts) == 1


def test_a_comment_fits_into_github_and_counts_what_is_left_out():
    details = tuple(Detail(f"schema.c{n}", f"column ä{n} STRING is added") for n in range(30))
    changes = tuple(
        Planned(Change(f"u{n}", TABLE, f"table_{n}", Action.UPDATE, details[n % 7 :], {}, {}))
        for n in range(2_000)
    )
    plan = Plan("prod", "a", "b", changes, preview="+ line\n" * 20_000)
    text = markdown.render(plan, link="https://example.com/run/1")
    assert len(text.encode()) < markdown.LIMIT
    assert "lines of the raw preview; [the whole plan](https://example.com/run/1)" in text
    assert text.count("<details") == text.count("</details>")
    assert text.count("```") % 2 == 0


def test_a_comment_of_losses_and_schedules_alone_fits_and_counts_what_is_left_out():
    name = "n" * 300
    lost = tuple(
        Detail(f"schema.c{n}", f"column {name} {n}", Loss.LOSSY, "gone", f"{name}: drop {n}")
        for n in range(60)
    )
    change = Planned(Change("u", TABLE, name, Action.UPDATE, lost, {}, {}))
    run = costs.Run("every day 10:05", False, 30.0, 10**7)
    schedules = tuple(costs.ScheduleCost(f"schedule_{n:04}", run, None) for n in range(1_000))
    stale = tuple(f"{name}: drop column c{n}" for n in range(200))
    plan = Plan("prod", "a", "b", (change,), schedules, stale=stale)
    text = markdown.render(plan)
    assert len(text.encode()) < markdown.LIMIT
    assert "> - and 50 more" in text
    assert ">   # and 50 more" in text
    assert " and 190 more" in text
    assert "Left out: what the schedules cost" in text


def test_names_that_share_a_row_are_reported_or_counted():
    changes = tuple(
        Planned(
            Change(f"u{n}", TABLE, f"table{n:04}", Action.CREATE, (Detail("", "created"),), {}, {})
        )
        for n in range(100)
    )
    text = markdown.render(Plan("prod", "a", "b", changes))
    reported = text.count("table0")
    assert f"table{reported - 1:04} and {100 - reported} more |" in text


def test_the_plan_allows_what_the_guard_allows():
    lost = Detail("", "deleted", Loss.LOSSY, "all its rows", "captions: delete")
    change = Planned(Change("u", TABLE, "captions", Action.DELETE, (lost,), {}, {}))
    plan = Plan("prod", "a", "b", (change,), allowed=("captions:  delete ",))
    assert plan.refused == []
    assert as_json(plan)["changes"][0]["allowed"] is True


def test_the_raw_preview_is_folded_below():
    plan = Plan("prod", "a", "b", (), preview="")
    assert "Raw preview" not in markdown.render(plan)
    change = Change("u", TABLE, "t", Action.CREATE, (Detail("", "created"),), {}, {})
    plan = Plan("prod", "a", "b", (Planned(change),), preview="+ gcp:bigquery/table:Table\n```")
    text = markdown.render(plan)
    assert text.endswith("```diff\n+ gcp:bigquery/table:Table\n'''\n```\n\n</details>\n")


def test_names_and_texts_mean_nothing_to_markdown(base):
    change = compare(
        [],
        [declarations.Declared("u", "gcp:x/y:Thing", "a|b`c", {"project": "p"}, True, False)],
    )
    plan = Plan("staging", "@a", "<b>", (Planned(change[0]),))
    text = markdown.render(plan)
    assert "| thing `a\\|b'c` |" in text


@pytest.mark.parametrize(
    ("words", "runs"),
    [
        ("every 5 minutes", 8640),
        ("every 1 hours from 00:17 to 23:17", 720),
        ("every 6 hours from 02:40 to 20:40", 120),
        ("every day 10:05", 30),
        ("every monday 04:25", 30 / 7),
        ("every mon,wed,fri 04:25", 90 / 7),
        ("1st monday of month 04:25", None),
    ],
)
def test_the_runs_of_a_month_follow_from_the_schedule(words, runs):
    assert costs.runs_per_month(words) == (runs and pytest.approx(runs))


def test_bytes_follow_the_columns_that_a_script_names(base):
    graphs = (lineage.graph(base, shared_analyser()),) * 2
    changes = compare([], [r for r in base.resources if r.type == costs.TRANSFER])
    rows = {"active_caption_assignments": 10**9}
    (cost,) = costs.schedules(changes, base.resources, base.resources, graphs, rows)
    assert cost.after is not None
    # Two statements, each with is_active (1), scheduled_send_date (8) and assigned_at (8).
    assert cost.after.bytes_per_run >= 2 * 17 * 10**9
    assert cost.after.usd_per_month(6.25) == pytest.approx(
        720 * cost.after.bytes_per_run / 2**40 * 6.25
    )


def test_no_secret_reaches_a_plan(settings):
    def declare(token: str) -> Side:
        def program_of() -> None:
            gcp.monitoring.NotificationChannel(
                "slack",
                project="p",
                type="slack",
                labels={"channel_name": "#ops", "url": f"https://example.com/{token}"},
                sensitive_labels={"auth_token": pulumi.Output.secret(token)},
            )

        found = declarations.declarations(program_of, project="eros", stack="staging")
        return Side(token[:1], tuple(found.resources))

    plan = build(settings, "staging", declare("a-hush"), declare("b-hush"), connect=None)
    assert [d.text for p in plan.changes for d in p.change.details] == ["its address: url"]
    assert "hush" not in markdown.render(plan) + json.dumps(as_json(plan)) + terminal.text(plan)


def views(first: str, second: str) -> Side:
    """A table `rows` with a column `a`, and two views."""
    place = {"project": "p", "datasetId": "d"}
    given = {"rows": {"schema": json.dumps([{"name": "a", "type": "STRING"}])}} | {
        name: {"view": {"query": query, "useLegacySql": False}}
        for name, query in (("first", first), ("second", second))
    }
    return Side(
        "files",
        tuple(
            declarations.Declared(
                f"u::{name}",
                TABLE,
                name,
                place | {"tableId": name} | values,
                custom=True,
                protect=False,
            )
            for name, values in given.items()
        ),
    )


def test_a_view_of_a_view_is_understood_right_after_it():
    """Nothing between the two registers a new catalogue by chance."""
    side = views("SELECT a FROM `p`.`d`.rows", "SELECT a FROM `p`.`d`.first")
    found = lineage.graph(side, shared_analyser())
    assert [item.mistake for item in found.objects.values()] == ["", "", ""]
    assert found.objects["second"].outputs == {"a": {("first", "a")}}


def test_what_a_subquery_of_an_expression_gives_is_read():
    asked = "SELECT 1 AS n FROM UNNEST(['x']) AS b WHERE b IN (SELECT a FROM `p`.`d`.rows)"
    listed = "SELECT ARRAY(SELECT a FROM `p`.`d`.rows) AS all_of_them"
    found = lineage.graph(views(asked, listed), shared_analyser())
    for name in ("first", "second"):
        [step] = found.objects[name].steps
        assert step.reads["rows"].columns == {"a"}, name


class Counting(Analyser):
    """Counts the statements that it was given."""

    count = 0

    def analyse(self, *arguments: Any) -> Any:
        self.count += 1
        return super().analyse(*arguments)


def test_what_was_learned_is_recalled_as_it_was(base, tmp_path, monkeypatch):
    monkeypatch.setattr(lineage_memory, "cache_folder", lambda: tmp_path)
    analyser = Counting()
    learned = lineage.graph(base, analyser)
    assert analyser.count > 10
    assert not [item.mistake for item in learned.objects.values() if item.mistake]
    analyser.count = 0
    assert lineage.graph(base, analyser) == learned
    assert analyser.count == 0


def test_what_a_changed_view_is_read_by_is_learned_again(tmp_path, monkeypatch):
    monkeypatch.setattr(lineage_memory, "cache_folder", lambda: tmp_path)
    second = "SELECT * FROM `p`.`d`.first"
    lineage.graph(views("SELECT a FROM `p`.`d`.rows", second), shared_analyser())
    changed = views("SELECT a, 1 AS n FROM `p`.`d`.rows", second)
    found = lineage.graph(changed, shared_analyser())
    assert found.objects["second"].types == {"a": "STRING", "n": "INT64"}

    # Nothing but the last is learned, and it knows the others.
    analyser = Counting()
    longer = views("SELECT a, 1 AS n FROM `p`.`d`.rows", f"{second} WHERE n > 1")
    found = lineage.graph(longer, analyser)
    assert analyser.count == 1
    assert found.objects["second"].outputs["n"] == {("first", "n")}


@pytest.mark.parametrize(
    ("old", "new", "reported"),
    [
        ("SELECT a\nWHERE b", "SELECT a\nWHERE c", "... WHERE b becomes ... WHERE c"),
        ("SELECT a", f"SELECT a\nWHERE b\n    AND c IN ({'1, ' * 30})", "2 lines added"),
        ("A\nB\nC" + " c" * 40, "A\nX\nY" + " y" * 40, "2 lines added, 2 lines removed"),
        (
            "SET x = 'purpose:the_nightly_automation,owner:growth,environment:production';\nEND",
            "SET x = 'purpose:the_nightly_automation,owner:tools,environment:production';\nEND",
            "...owner:growth... becomes ...owner:tools...",
        ),
    ],
)
def test_a_script_is_shown_by_what_differs(old, new, reported):
    assert words.edited(old, new) == reported


def test_a_table_under_a_new_name_says_that_its_rows_do_not_follow(base, tmp_path):
    plan = planned(base, tmp_path, "rename_table_and_grant")
    ((change, detail),) = plan.refused
    assert change.name == "automation_alerts"
    assert "are not moved to alerts" in detail.reason


def test_a_paused_schedule_is_to_be_looked_at_first(base, tmp_path):
    plan = planned(base, tmp_path, "move_schedule_and_alert")
    assert {detail.path for _, detail in plan.warnings} == {"disabled", "severity"}
