"""The guard's parts: what a program declares, what is allowed, what is reported."""

from __future__ import annotations

import threading
from pathlib import Path

import pulumi
import pulumi_gcp as gcp
import pytest
import sqlglot

from bqstack.connection import Connection
from bqstack.errors import UserError
from bqstack.guard import (
    Action,
    Change,
    allowances,
    compare,
    declarations,
    guard,
    rows_at_stake,
    secured,
    table_changes,
)
from bqstack.guard.compare import dropping
from bqstack.state import Checkpoint, Resource
from components.program import planned
from components.system import System
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import load_stack_file, parse
from policy.declared import violations
from tests.unit.fake_engine import record

COLUMNS = (
    '[{"name": "d", "type": "DATE"}, {"name": "n", "type": "INTEGER"},'
    ' {"name": "tags", "type": "STRING", "mode": "REPEATED"}]'
)


def table(name: str, **inputs) -> Resource:
    """A table as the state has it."""
    place = {"project": "test-project", "datasetId": "brain", "tableId": name, "schema": COLUMNS}
    return Resource(
        urn=f"urn:pulumi:staging::eros::{table_changes.TYPE}::{name}",
        type=table_changes.TYPE,
        name=name,
        id=name,
        inputs=place | inputs,
        outputs={},
        parent="",
        provider="",
        dependencies=(),
        protect=False,
        custom=True,
    )


def dropped(name: str, policies=None, **inputs) -> list[Change]:
    """The change that drops column n."""
    without = (
        '[{"name": "d", "type": "DATE"}, {"name": "tags", "type": "STRING", "mode": "REPEATED"}]'
    )
    held, wanted = table(name, **inputs), table(name, **inputs | {"schema": without})
    return compare([held], [wanted], policies=policies)


# What a program declares ---------------------------------------------------------------


def test_a_program_declares_what_the_engine_would_see(settings):
    engine = record(lambda: System("eros", settings).exports)
    found = declarations.declarations(
        lambda: System("eros", settings), project="eros", stack="staging"
    )
    reported, seen = (
        sorted((d.type, d.name, d.protect) for d in declared)
        for declared in (found.resources, engine)
    )
    assert reported == seen
    (dataset,) = [d for d in found.resources if d.name == "dataset"]
    assert dataset.urn == (
        "urn:pulumi:staging::eros::eros:system:System$eros:warehouse:Warehouse$"
        "gcp:bigquery/dataset:Dataset::dataset"
    )


def test_a_program_that_declares_the_same_twice_changes_nothing(settings):
    sides = [
        declarations.declarations(lambda: System("eros", settings), project="eros", stack="staging")
        for _ in range(2)
    ]
    assert compare(sides[0].resources, sides[1].resources) == []


def test_declaring_leaves_the_engine_of_the_caller_alone(settings):
    def outer() -> None:
        declarations.declarations(
            lambda: gcp.pubsub.Topic("inner", project="p"), project="other", stack="other"
        )
        gcp.pubsub.Topic("outer", project="p")
        assert pulumi.get_stack() == "staging"

    assert [d.name for d in record(outer)] == ["outer"]


def test_outputs_of_what_exists_are_those_of_the_state(settings):
    def declare() -> None:
        topic = gcp.pubsub.Topic("t", project="p", name="t")
        gcp.bigquery.DataTransferConfig(
            "c",
            project="p",
            display_name="C",
            data_source_id="scheduled_query",
            params={},
            notification_pubsub_topic=topic.id,
        )

    urn = "urn:pulumi:s::eros::gcp:pubsub/topic:Topic::t"
    known = Resource(**{**vars(table("t")), "urn": urn, "id": "projects/p/topics/t"})
    found = declarations.declarations(declare, project="eros", stack="s", known={urn: known})
    (config,) = [d for d in found.resources if d.name == "c"]
    assert config.inputs["notificationPubsubTopic"] == "projects/p/topics/t"


def test_secrets_are_closed_and_never_a_difference():
    def declare() -> None:
        gcp.monitoring.NotificationChannel(
            "slack",
            project="p",
            type="slack",
            sensitive_labels={"auth_token": pulumi.Output.secret("xoxb-1")},
        )

    found = declarations.declarations(declare, project="eros", stack="s")
    assert "xoxb" not in repr(found)


def test_an_alias_of_a_parent_is_one_of_its_children_too():
    def declare() -> None:
        room = pulumi.ComponentResource(
            "a:b:Room", "new", None, pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")])
        )
        gcp.bigquery.Table(
            "t", dataset_id="d", table_id="t", opts=pulumi.ResourceOptions(parent=room)
        )
        moved = pulumi.Alias(type_="a:b:Hall")
        hall = pulumi.ComponentResource(
            "a:b:Room", "x", None, pulumi.ResourceOptions(aliases=[moved])
        )
        gcp.bigquery.Table(
            "u", dataset_id="d", table_id="t", opts=pulumi.ResourceOptions(parent=hall)
        )

    found = declarations.declarations(declare, project="eros", stack="s")
    former = {urn for urns in found.aliases.values() for urn in urns}
    assert f"urn:pulumi:s::eros::a:b:Hall${table_changes.TYPE}::u" in former
    before = [
        Resource(
            **{**vars(table("u")), "urn": f"urn:pulumi:s::eros::a:b:Hall${table_changes.TYPE}::u"}
        )
    ]
    actions = [c.action.value for c in compare(before, found.resources, found.aliases)]
    assert "delete" not in actions


def test_a_program_that_fails_fails_here():
    def declare() -> None:
        raise UserError("no")

    with pytest.raises(UserError, match="no"):
        declarations.declarations(declare, project="eros", stack="s")


# Allowances ----------------------------------------------------------------------------


def test_an_allowance_names_the_object_the_kind_and_the_column():
    changes = dropped("pages")
    assert [d.allowance for c in changes for d in c.lossy] == ["pages: drop column n"]
    assert allowances.refused(changes, ["pages: drop column n"]) == []
    for other in ("pages: drop column m", "page: drop column n", "pages: delete", "pages"):
        assert allowances.refused(changes, [other])


def test_an_allowance_that_nothing_needs_is_stale():
    changes = dropped("pages")
    allowed = ["pages: drop column n", "pages: delete"]
    assert allowances.stale(changes, allowed) == ["pages: delete"]


def test_the_commands_append_to_what_is_allowed_already(values):
    settings = parse(values | {"allowLoss": ["x: delete"]}, "f")
    text = allowances.how_to_allow(settings, "prod", ["a: delete", "a: delete", "b: replace"])
    assert text.splitlines() == [
        "pulumi config set --path 'eros:allowLoss[1]' 'a: delete' --stack prod",
        "pulumi config set --path 'eros:allowLoss[2]' 'b: replace' --stack prod",
    ]


def test_a_replaced_table_needs_one_allowance_however_many_columns_differ():
    other = '[{"name": "x", "type": "DATE"}, {"name": "n", "type": "STRING"}]'
    (change,) = compare([table("pages")], [table("pages", schema=other)])
    assert {d.allowance for d in change.lossy} == {"pages: replace"}


# What is at stake ----------------------------------------------------------------------


def test_the_rows_that_hold_a_value_are_counted():
    (change,) = dropped("pages")
    query = rows_at_stake.query(change, change.lossy[0])
    assert query == (
        "SELECT COUNTIF(NOT `each_row`.`n` IS NULL) AS held, COUNT(*) AS total"
        " FROM `test-project`.`brain`.`pages` AS each_row"
    )


def test_a_table_that_demands_a_filter_gets_one():
    (change,) = dropped(
        "pages", timePartitioning={"type": "DAY", "field": "d"}, requirePartitionFilter=True
    )
    query = rows_at_stake.query(change, change.lossy[0])
    assert query is not None
    # Rows without a date count, and those before 1900.
    every = "(each_row.`d` IS NULL OR each_row.`d` >= CAST('0001-01-01' AS DATE))"
    assert query.endswith(f"WHERE {every}")


def test_the_rows_that_expire_are_counted():
    days = {"type": "DAY", "field": "d"}
    (change,) = compare(
        [table("pages", timePartitioning=days)],
        [table("pages", timePartitioning=days | {"expirationMs": 86_400_000})],
    )
    query = rows_at_stake.query(change, change.lossy[0])
    assert query is not None
    assert sqlglot.parse_one(query, dialect="bigquery")
    assert "COUNTIF(CAST(`each_row`.`d` AS TIMESTAMP) < " in query
    assert "INTERVAL 24 HOUR" in query


class Policies:
    """A BigQuery whose tables have these row access policies, none of them for the caller."""

    def __init__(self, *names: str, rows: int = 0) -> None:
        self.bigquery = self._connection = self
        self.names, self.rows = names, rows

    def api_request(self, *, path: str, **_):
        assert path == "/projects/test-project/datasets/brain/tables/pages/rowAccessPolicies"
        references = [{"rowAccessPolicyReference": {"policyId": name}} for name in self.names]
        return {"rowAccessPolicies": references}

    def query_and_wait(self, *_, **__):
        return [{"held": self.rows, "total": self.rows}]


def test_rows_have_no_value_of_a_column_that_is_only_added():
    more = '[{"name": "d", "type": "DATE"}, {"name": "new", "type": "INT64", "mode": "REQUIRED"}]'
    changes = compare([table("pages")], [table("pages", schema=more)])
    refused = allowances.refused(changes, [])
    counted = rows_at_stake.counted(lambda: Policies(rows=3), refused)
    words = {path: said for (_, path), said in counted.items()}
    assert {said for path, said in words.items() if "new" in path} == {"rows at stake: 3"}
    dropped_column = rows_at_stake.counted(
        lambda: Policies(rows=3), allowances.refused(dropped("pages"), [])
    )
    assert set(dropped_column.values()) == {"rows at stake: 3 with a value"}


def test_rows_are_unknown_where_a_policy_may_hide_them():
    refused = allowances.refused(dropped("pages"), [])
    assert set(rows_at_stake.counted(lambda: Policies("low"), refused).values()) == {
        "rows at stake: unknown, row access policies may hide some from you"
    }
    assert set(rows_at_stake.counted(lambda: Policies(), refused).values()) == {
        "rows at stake: none, the table is empty"
    }


def test_a_table_with_policies_is_replaced_for_a_dropped_column():
    changes = dropped("pages")
    found = secured.policies(lambda: Policies("low", "all"), dropping(changes))
    assert found == {changes[0].urn: ["all", "low"]}
    (change,) = dropped("pages", policies=found)
    assert change.action is Action.REPLACE
    assert {detail.allowance for detail in change.lossy} == {"pages: replace"}
    assert any("row access policies (all, low)" in detail.text for detail in change.details)
    # What was allowed for a table without policies is not enough.
    assert allowances.refused([change], ["pages: drop column n"])
    found = secured.policies(lambda: Policies(), dropping(changes))
    (change,) = dropped("pages", policies=found)
    assert change.action is Action.UPDATE


def test_nobody_asks_for_policies_while_all_columns_stay():
    wide = COLUMNS.replace("]", ', {"name": "x", "type": "DATE"}]')
    assert dropping(compare([table("pages")], [table("pages", schema=wide)])) == []
    assert dropping(compare([table("pages")], [])) == []


@pytest.mark.parametrize("preview", [True, False])
def test_policies_that_nobody_knows_of_stop_an_update(monkeypatch, preview):
    def connect() -> Connection:
        raise UserError("no cloud")

    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: preview)
    warnings: list[str] = []
    lesser = dropping(dropped("pages"))
    if preview:
        assert secured.known(connect, lesser, warnings.append) == {}
        assert "whether pages has row access policies" in warnings[0]
    else:
        with pytest.raises(UserError, match="whether pages has row access policies"):
            secured.known(connect, lesser, warnings.append)


def test_rows_are_unknown_where_bigquery_does_not_answer():
    def connect() -> Connection:
        raise UserError("no cloud")

    changes = dropped("pages")
    refused = allowances.refused(changes, [])
    assert set(rows_at_stake.counted(connect, refused).values()) == {rows_at_stake.UNKNOWN}


# The refusal ---------------------------------------------------------------------------


@pytest.fixture
def no_cloud(monkeypatch) -> None:
    """BigQuery does not answer."""
    monkeypatch.setattr(rows_at_stake, "counted", lambda *_: {})


def test_a_refusal_names_object_column_and_fix(values, no_cloud):
    settings = parse(values, "f")
    error = guard.refusal(settings, "staging", allowances.refused(dropped("pages"), []))
    assert "pages: column n INT64 is dropped; its values are lost" in str(error)
    assert "'pages: drop column n' --stack staging" in str(error)


class Engine:
    """A guard whose state is given."""

    def __init__(self, monkeypatch, answer: Checkpoint | BaseException, *, preview: bool) -> None:
        self.warnings: list[str] = []

        def current(_stack: str, _root: Path) -> Checkpoint:
            if isinstance(answer, BaseException):
                raise answer
            return answer

        monkeypatch.setattr("bqstack.state.current", current)
        monkeypatch.setattr(guard, "get_monitor", lambda: None)
        monkeypatch.setattr(pulumi, "get_stack", lambda: "staging")
        monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: preview)
        self.guard = guard.Guard(self.warnings.append, PROJECT_ROOT)


def nothing() -> None:
    """A program that declares nothing."""


def test_a_table_that_the_program_no_longer_declares_is_refused(monkeypatch, settings, no_cloud):
    held = Checkpoint(None, None, (table("pages"),))
    with pytest.raises(UserError, match="pages: deleted; all its rows are deleted"):
        Engine(monkeypatch, held, preview=False).guard.check(settings, nothing)


def test_a_first_update_has_nothing_to_lose(monkeypatch, settings):
    engine = Engine(monkeypatch, Checkpoint(None, None, ()), preview=False)
    engine.guard.check(settings, lambda: pytest.fail("the program need not be looked at"))


def open_dataset() -> None:
    """A program whose dataset everybody may read."""
    gcp.bigquery.Dataset(
        "dataset",
        dataset_id="brain",
        accesses=[{"role": "READER", "special_group": "allAuthenticatedUsers"}],
    )


def test_a_broken_rule_is_refused_in_a_first_update_too(monkeypatch, settings):
    engine = Engine(monkeypatch, Checkpoint(None, None, ()), preview=True)
    with pytest.raises(UserError, match="allAuthenticatedUsers can use the dataset") as refused:
        engine.guard.check(settings, open_dataset, violations)
    assert refused.value.fix == "change what each line names"


def test_a_refusal_names_the_page_that_the_program_gives(monkeypatch, settings):
    engine = Engine(monkeypatch, Checkpoint(None, None, ()), preview=True)
    with pytest.raises(UserError) as refused:
        engine.guard.check(settings, open_dataset, violations, rules=planned("local").rules)
    page = refused.value.fix.removesuffix(" explains each rule")
    assert (PROJECT_ROOT / page).is_file()


def test_rules_are_asked_only_when_something_changes(monkeypatch, settings, no_cloud):
    held = Checkpoint(None, None, (table("pages"),))
    engine = Engine(monkeypatch, held, preview=True)
    asked: list[object] = []
    monkeypatch.setattr(guard, "compare", lambda *_: [])
    engine.guard.check(settings, nothing, lambda found: asked.append(found) or [])
    assert asked == []


@pytest.mark.parametrize("stack", ["local", "staging", "prod"])
def test_no_stack_of_the_project_breaks_a_rule_before_the_engine(stack):
    settings = load_stack_file(stack).model_copy(update={"endpoints_file": None})
    found = declarations.declarations(lambda: System("eros", settings), project="eros", stack=stack)
    custom = [resource for resource in found.resources if resource.custom]
    assert [str(one) for one in violations(custom)] == []


def test_an_update_without_a_state_to_compare_with_is_refused(monkeypatch, settings):
    engine = Engine(monkeypatch, UserError("no backend", fix="pulumi login"), preview=False)
    with pytest.raises(UserError, match=r"cannot be read.*no backend\n.*pulumi login"):
        engine.guard.check(settings, nothing)


def test_a_preview_without_a_state_warns_and_goes_on(monkeypatch, settings):
    engine = Engine(monkeypatch, UserError("no backend"), preview=True)
    engine.guard.check(settings, nothing)
    assert "nothing is checked" in engine.warnings[0]


@pytest.mark.timeout(5)
@pytest.mark.parametrize("preview", [True, False])
@pytest.mark.parametrize("defect", [KeyError("deployment"), SystemExit(3)])
def test_whatever_ends_the_reading_reaches_the_update(monkeypatch, settings, defect, preview):
    engine = Engine(monkeypatch, defect, preview=preview)
    with pytest.raises(type(defect)) as raised:
        engine.guard.check(settings, nothing)
    assert raised.value is defect


@pytest.mark.timeout(5)
def test_a_state_that_never_comes_is_not_waited_for_for_ever(monkeypatch, settings):
    never = threading.Event()
    engine = Engine(monkeypatch, Checkpoint(None, None, ()), preview=False)
    monkeypatch.setattr("bqstack.state.current", lambda *_: never.wait())
    monkeypatch.setattr(guard, "PATIENCE_SECONDS", 0.01)
    with pytest.raises(UserError, match=r"cannot be read.*has not answered within"):
        guard.Guard(engine.warnings.append, PROJECT_ROOT).check(settings, nothing)
    never.set()


def test_a_stale_allowance_is_reported(monkeypatch, values):
    held = Checkpoint(None, None, (table("pages"),))
    engine = Engine(monkeypatch, held, preview=True)
    settings = parse(values | {"allowLoss": ["pages: delete", "gone: delete"]}, "f")
    engine.guard.check(settings, nothing)
    assert engine.warnings == ["eros:allowLoss: 'gone: delete' is no longer needed: remove it"]


BEGUN = {"type": "creating", "resource": {"urn": "urn:pulumi:staging::eros::t::sweep"}}
UNREAD = {"urn": "urn:pulumi:staging::eros::t::sweep", "type": "t", "id": "7", "custom": True}


@pytest.mark.parametrize(
    "deployment",
    [{"pending_operations": [BEGUN]}, {"resources": [UNREAD]}],
    ids=["begun", "unread"],
)
def test_what_a_killed_engine_may_have_created_is_not_created_again(
    monkeypatch, settings, deployment
):
    engine = Engine(monkeypatch, Checkpoint.from_deployment(deployment, None), preview=False)
    with pytest.raises(UserError, match="may have created: sweep; nothing") as reported:
        engine.guard.check(settings, nothing)
    assert reported.value.fix == "pulumi refresh --stack staging"


def test_a_preview_says_what_a_killed_engine_may_have_created(monkeypatch, settings):
    held = Checkpoint.from_deployment({"pending_operations": [BEGUN]}, None)
    engine = Engine(monkeypatch, held, preview=True)
    engine.guard.check(settings, nothing)
    assert engine.warnings == [
        "an interrupted update may have created: sweep; before the next update: "
        "pulumi refresh --stack staging"
    ]


# What is remembered --------------------------------------------------------------------


@pytest.fixture
def remembering(monkeypatch, tmp_path, settings):
    """Runs the guard on a state and a program's digest; whether the program was looked at."""
    monkeypatch.setattr("bqstack.guard.verdicts.cache_folder", lambda: tmp_path)

    def look(
        held: Checkpoint, digest: bytes | None = b"program", changes: list[Change] | None = None
    ) -> bool:
        looked: list[bool] = []
        monkeypatch.setattr(guard, "compare", lambda *_: looked.append(True) or changes or [])
        engine = Engine(monkeypatch, held, preview=True)
        engine.guard.check(settings, nothing, None, lambda: digest)
        return bool(looked)

    return look


def state(name: str, **inputs) -> Checkpoint:
    """A state of one table, as the engine wrote it."""
    one = table(name, **inputs)
    return Checkpoint(None, None, (one,), {"resources": [{"urn": one.urn, "inputs": inputs}]})


def test_an_update_that_changes_nothing_is_looked_at_once(remembering):
    assert remembering(state("pages"))
    assert not remembering(state("pages"))


def test_another_program_or_state_is_looked_at_again(remembering):
    remembering(state("pages"))
    assert remembering(state("pages"), b"another program")
    assert remembering(state("pages", description="changed behind its back"))


def test_a_change_is_looked_at_each_time(remembering):
    added = compare([], [table("pages")])
    assert remembering(state("pages"), changes=added)
    assert remembering(state("pages"), changes=added)


def test_without_a_digest_nothing_is_remembered(remembering):
    assert remembering(state("pages"), None)
    assert remembering(state("pages"), None)


def test_a_folder_that_cannot_be_written_costs_time_only(monkeypatch, remembering, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    monkeypatch.setattr("bqstack.guard.verdicts.cache_folder", lambda: file)
    assert remembering(state("pages"))
    assert remembering(state("pages"))


def test_the_number_of_the_project_is_the_one_of_the_state():
    member = "serviceAccount:service-42@gcp-sa-bigquerydatatransfer.iam.gserviceaccount.com"
    known = {"urn": table("role", member=member)}
    numbers: list[str | None] = []

    def ask() -> None:
        numbers.append(gcp.organizations.get_project(project_id="p").number)

    for state_ in (known, {}):
        declarations.declarations(ask, project="eros", stack="staging", known=state_)
    assert numbers == ["42", "PROJECT_NUMBER"]
