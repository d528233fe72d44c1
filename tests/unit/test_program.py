"""The program as the engine sees it: what is declared, under which parent, how protected."""

import copy
import json
import re
import runpy

import pulumi
import pytest

from bqstack import catalogue
from bqstack.errors import UserError
from components import provider
from components.dashboards import with_digest
from components.system import System
from eros.project import dashboards, schedules
from eros.project.dashboards import dashboard_rules
from eros.project.project import Project
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import parse
from gcptypes import known, records
from tests.unit.conftest import VALUES
from tests.unit.fake_engine import PROJECT_NUMBER, Declared, record

TABLE = "gcp:bigquery/table:Table"
ROUTINE = "gcp:bigquery/routine:Routine"
POLICY = "gcp:monitoring/alertPolicy:AlertPolicy"
TRANSFER = "gcp:bigquery/dataTransferConfig:DataTransferConfig"
BACKUPS = "eros:backups:Backups::backups"


@pytest.fixture(scope="module")
def declared() -> list[Declared]:
    return record(lambda: System("eros", parse(VALUES, "f")).exports)


def of_type(declared: list[Declared], token: str) -> dict[str, Declared]:
    return {d.name: d for d in declared if d.type == token}


def test_every_object_of_the_catalogue_is_declared_once(declared, settings):
    loaded = Project(settings, PROJECT_ROOT).sql
    names = [d.name for d in declared if d.type in (TABLE, ROUTINE) and d.parent != BACKUPS]
    assert sorted(names) == sorted(item.name for item in loaded.declared)


def test_every_resource_is_the_child_of_its_room(declared):
    rooms = {
        TABLE: {"eros:warehouse:Tables::tables", "eros:warehouse:Views::views", BACKUPS},
        ROUTINE: {"eros:warehouse:Routines::routines"},
        TRANSFER: {"eros:automation:Schedules::schedules"},
        "gcp:monitoring/dashboard:Dashboard": {"eros:monitoring:Dashboards::dashboards"},
        "gcp:storage/bucket:Bucket": {BACKUPS},
    }
    for resource in declared:
        if resource.type in rooms:
            assert resource.parent in rooms[resource.type], resource.name
        if resource.custom and not resource.type.startswith("pulumi:providers"):
            assert resource.parent.startswith("eros:"), f"{resource.name} hangs on the stack"


def test_every_resource_uses_the_one_provider(declared):
    for resource in declared:
        if resource.custom and not resource.type.startswith("pulumi:providers"):
            assert resource.provider == "pulumi:providers:gcp::google", resource.name


def test_tables_are_protected_twice_and_views_not_at_all(declared, settings):
    kinds = {item.name: item for item in Project(settings, PROJECT_ROOT).sql}
    for name, resource in of_type(declared, TABLE).items():
        is_table = resource.parent == BACKUPS or isinstance(kinds[name], catalogue.Table)
        assert resource.protect is is_table, name
        assert resource.inputs["deletionProtection"] is is_table, name


def test_the_dataset_and_the_backups_are_protected(declared):
    for token in ("gcp:bigquery/dataset:Dataset", "gcp:storage/bucket:Bucket"):
        assert all(resource.protect for resource in of_type(declared, token).values()), token


def test_a_stack_without_protection_declares_none(values):
    declared = record(lambda: System("eros", parse(values | {"protectTables": False}, "f")))
    assert not any(resource.protect for resource in declared)


def test_tables_carry_layout_lifetime_and_described_columns(declared):
    stats = of_type(declared, TABLE)["caption_bandit_stats"].inputs
    assert stats["timePartitioning"] == {
        "type": "DAY",
        "field": "last_updated",
        "expirationMs": 7_776_000_000,
    }
    assert stats["clusterings"] == ["page_name", "caption_id", "last_used"]
    columns = json.loads(stats["schema"])
    assert len(columns) == 19
    assert all(column.get("description") for column in columns)


def test_an_expiration_that_is_given_up_is_taken_from_the_table(declared, values):
    keep = {"retention": {"captionBanditStatsDays": None}}
    stats = of_type(record(lambda: System("eros", parse(values | keep, "f"))), TABLE)
    # Left out, the provider would keep the 90 days of the table without a word.
    assert stats["caption_bandit_stats"].inputs["timePartitioning"]["expirationMs"] == 0
    for name, table in of_type(declared, TABLE).items():
        if table.protect and "timePartitioning" in table.inputs:
            assert "expirationMs" in table.inputs["timePartitioning"], name


def test_the_key_that_a_table_takes_from_its_dataset_replaces_nothing(values):
    key = "projects/p/locations/us/keyRings/r/cryptoKeys/k"
    declared = record(lambda: System("eros", parse(values | {"kmsKey": key}, "f")))
    for dataset in of_type(declared, "gcp:bigquery/dataset:Dataset").values():
        assert dataset.inputs["defaultEncryptionConfiguration"] == {"kmsKeyName": key}
    for name, table in of_type(declared, TABLE).items():
        # The provider reads the key back and compares it with no argument: a replacement.
        assert table.ignore_changes == ("encryptionConfiguration",), name


def test_an_object_comes_after_everything_that_it_names(declared, settings):
    by_name = {d.name: d for d in declared if d.type in (TABLE, ROUTINE)}
    for item in Project(settings, PROJECT_ROOT).sql.declared:
        known = {urn.rpartition("::")[2] for urn in by_name[item.name].dependencies}
        assert set(item.depends_on) <= known, item.name


def test_a_key_taken_out_of_a_dashboard_is_a_change_to_the_provider(declared, settings):
    board = dashboards.load(settings)["system"]
    less = copy.deepcopy(board)
    taken = next(
        w for _, w in dashboard_rules.widgets(less) if "thresholds" in w.get("xyChart", {})
    )
    del taken["xyChart"]["thresholds"]
    ids = []
    for content in (board, less):
        found = [w["id"] for _, w in dashboard_rules.widgets(with_digest(content)) if "id" in w]
        assert len(found) == 1
        ids += found
    assert ids[0] != ids[1]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", one) for one in ids)
    assert not any("id" in w for _, w in dashboard_rules.widgets(board)), (
        "the file's content is not touched"
    )
    sent = of_type(declared, "gcp:monitoring/dashboard:Dashboard")["system"].inputs
    assert json.loads(sent["dashboardJson"]) == with_digest(board)


def test_transfer_configs_come_after_the_grants_of_their_account(declared):
    needed = {
        "gcp:projects/iAMMember:IAMMember::runner-jobUser",
        "gcp:projects/serviceIdentity:ServiceIdentity::transfer-agent",
        "gcp:projects/iAMMember:IAMMember::transfer-agent-role",
        "gcp:serviceaccount/iAMMember:IAMMember::transfer-agent-token-creator",
        "gcp:bigquery/datasetIamMember:DatasetIamMember::dataset-runner",
        "gcp:pubsub/topicIAMMember:TopicIAMMember::transfer-agent-publisher",
        f"{ROUTINE}::run_daily_automation",
    }
    for name, config in of_type(declared, TRANSFER).items():
        assert needed <= set(config.dependencies), name
        assert config.delete_before_replace, "two configs at once would run twice"


def test_transfer_configs_have_no_destination_and_run_as_the_runner(declared, settings):
    configs = of_type(declared, TRANSFER)
    assert set(configs) == {c.key for c in schedules.transfer_configs(settings)}
    for config in configs.values():
        assert "destinationDatasetId" not in config.inputs
        assert config.inputs["serviceAccountName"].startswith("eros-runner@")
        assert config.inputs["params"].keys() == {"query"}


def test_the_transfer_agent_may_act_as_the_runner(declared):
    grant = of_type(declared, "gcp:serviceaccount/iAMMember:IAMMember")[
        "transfer-agent-token-creator"
    ]
    assert grant.inputs["role"] == "roles/iam.serviceAccountTokenCreator"
    assert f"service-{PROJECT_NUMBER}@gcp-sa-bigquerydatatransfer" in grant.inputs["member"]


def test_the_transfer_agent_is_made_before_anything_is_granted_to_it(declared):
    """Google makes it with the first use of the API, which comes after the grants."""
    agent = of_type(declared, "gcp:projects/serviceIdentity:ServiceIdentity")["transfer-agent"]
    assert agent.inputs["service"] == "bigquerydatatransfer.googleapis.com"
    assert "gcp:projects/service:Service::bigquerydatatransfer" in agent.dependencies
    grants = [d for d in declared if "gcp-sa-bigquerydatatransfer" in str(d.inputs.get("member"))]
    assert {grant.inputs["role"] for grant in grants} == {
        "roles/bigquerydatatransfer.serviceAgent",
        "roles/iam.serviceAccountTokenCreator",
        "roles/pubsub.publisher",
    }
    # Other transfers of the project need the role, too, whatever becomes of the stack.
    assert {grant.name for grant in grants if grant.retain_on_delete} == {"transfer-agent-role"}
    for grant in grants:
        wanted = "gcp:projects/serviceIdentity:ServiceIdentity::transfer-agent"
        assert wanted in grant.dependencies, grant.name


def test_nobody_is_granted_a_basic_role(declared):
    for resource in declared:
        assert resource.inputs.get("role") not in ("roles/owner", "roles/editor", "roles/viewer")


def test_adopting_stacks_leave_the_tables_of_other_systems_alone(values):
    settings = parse(values | {"externalTables": "adopt"}, "f")
    declared = record(lambda: System("eros", settings))
    external = {path.stem for path in (PROJECT_ROOT / "sql/external_tables").glob("*.sql")}
    # caption_locks is part of a stack that names it.
    assert len(external) == 6
    assert not external & of_type(declared, TABLE).keys()


def test_an_imported_table_is_protected_whatever_the_stack_says(values):
    settings = parse(values | {"importTables": ["holiday_calendar"], "protectTables": False}, "f")
    table = of_type(record(lambda: System("eros", settings)), TABLE)["holiday_calendar"]
    assert table.import_id == "projects/test-project/datasets/brain/tables/holiday_calendar"
    assert table.protect


def test_access_is_additive_and_named_by_its_member(values):
    settings = parse(values | {"access": {"readers": ["group:data@example.com"]}}, "f")
    declared = record(lambda: System("eros", settings))
    grants = of_type(declared, "gcp:bigquery/datasetIamMember:DatasetIamMember")
    assert grants["dataset-reader-group:data@example.com"].inputs["role"] == (
        "roles/bigquery.dataViewer"
    )
    dataset = of_type(declared, "gcp:bigquery/dataset:Dataset")["dataset"]
    assert "accesses" not in dataset.inputs


def test_a_builder_may_write_the_dataset_and_run_jobs(values):
    builder = "serviceAccount:builder@test-project.iam.gserviceaccount.com"
    settings = parse(values | {"access": {"builders": [builder]}}, "f")
    declared = record(lambda: System("eros", settings))
    on_dataset = of_type(declared, "gcp:bigquery/datasetIamMember:DatasetIamMember")
    on_project = of_type(declared, "gcp:projects/iAMMember:IAMMember")
    assert on_dataset[f"dataset-builder-{builder}"].inputs["role"] == "roles/bigquery.dataEditor"
    assert on_project[f"builder-jobs-{builder}"].inputs["role"] == "roles/bigquery.jobUser"
    assert on_project[f"builder-jobs-{builder}"].inputs["member"] == builder


def test_one_role_is_for_all_who_make_sandboxes_and_grants_no_other(values):
    people = ["user:a@example.com", "group:b@example.com"]
    settings = parse(values | {"access": {"sandboxOwners": people}}, "f")
    declared = record(lambda: System("eros", settings))
    [role] = of_type(declared, "gcp:projects/iAMCustomRole:IAMCustomRole").values()
    held = set(role.inputs["permissions"])
    assert {"bigquery.datasets.create", "iam.serviceAccounts.actAs"} <= held
    for verb in ("bigquery.tables.", "bigquery.datasets.delete", "bigquery.datasets.update"):
        assert not [one for one in held if one.startswith(verb)], "rows are not the role's"
    assert not [one for one in held if one.endswith("projects.setIamPolicy")]
    # What a sandbox has outside of its datasets; it has no channel and no role of its own.
    elsewhere = {one.type for one in declared if one.type.startswith("gcp:")}
    elsewhere -= {one for one in elsewhere if one.startswith("gcp:bigquery/") and one != TRANSFER}
    elsewhere -= {records.CUSTOM_ROLE, records.PROJECT_GRANT, records.CHANNEL}
    on_own_dataset = {"bigquery.datasets.getIamPolicy", "bigquery.datasets.setIamPolicy"}
    assert not held & on_own_dataset, "in the project they would open everybody's rows"
    for token in elsewhere:
        assert held.issuperset(set(known(token).permissions) - on_own_dataset), token
    on_project = of_type(declared, "gcp:projects/iAMMember:IAMMember")
    on_dataset = of_type(declared, "gcp:bigquery/datasetIamMember:DatasetIamMember")
    for person in people:
        assert on_dataset[f"dataset-sandbox-owner-{person}"].inputs["role"] == (
            "roles/bigquery.dataViewer"
        )
        assert f"sandbox-owner-{person}" in on_project
        limited = on_project[f"sandbox-owner-grants-{person}"].inputs
        assert limited["condition"]["expression"] == (
            "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly("
            "['roles/bigquery.jobUser', 'roles/bigquery.resourceViewer'])"
        )


def rule_policies(declared):
    """Policies of alert rules; those of notices send what people do, paused or not."""
    found = of_type(declared, POLICY)
    return {name: policy for name, policy in found.items() if not name.startswith("notice-")}


def test_paused_schedules_are_declared_disabled(values):
    declared = record(lambda: System("eros", parse(values | {"schedulesPaused": True}, "f")))
    assert all(c.inputs["disabled"] for c in of_type(declared, TRANSFER).values())
    policies = rule_policies(declared)
    enabled = {name: p for name, p in policies.items() if p.inputs["enabled"]}
    assert len(policies) > 20, "nothing runs, so nothing can be missed: they are there, and silent"
    assert enabled.keys() <= {"a25", "a25-escalation"}, "but for the end of the pause"
    (condition,) = enabled["a25"].inputs["conditions"]
    assert condition["conditionThreshold"]["duration"] == f"{4 * 3600}s", "pauseWarningHours"


def test_a_pause_for_ever_is_notified_by_nothing(values):
    more = {"schedulesPaused": True, "thresholds": {"pauseWarningHours": 23}}
    declared = record(lambda: System("eros", parse(values | more, "f")))
    policies = rule_policies(declared).values()
    assert policies
    assert not any(policy.inputs["enabled"] for policy in policies)


def run_main(monkeypatch, values) -> list[Declared]:
    config = {f"eros:{k}": v if isinstance(v, str) else json.dumps(v) for k, v in values.items()}
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(config))
    main = str(PROJECT_ROOT / "__main__.py")
    return record(lambda: runpy.run_path(main, run_name="__main__") and None)


def test_the_program_declares_the_system(monkeypatch, values):
    assert "eros:system:System" in {d.type for d in run_main(monkeypatch, values)}


def test_a_wrong_setting_stops_the_program_before_anything_is_declared(monkeypatch, values):
    with pytest.raises(pulumi.RunError, match="eros:datset: unknown key"):
        run_main(monkeypatch, values | {"datset": "x"})


def test_a_project_that_cannot_be_read_for_want_of_an_api_says_the_command(monkeypatch, values):
    message = (
        "invocation of gcp:organizations/getProject:getProject returned an error: googleapi: Error"
        " 403: Cloud Resource Manager API has not been used in project 42 before or it is disabled."
        " Enable it by visiting https://console.developers.google.com/apis/api/"
        "cloudresourcemanager.googleapis.com/overview?project=42 then retry., accessNotConfigured"
    )

    def refuse(**_):
        raise Exception(message)  # as the SDK does

    monkeypatch.setattr(provider.gcp.organizations, "get_project", refuse)
    settings = parse(values, "f")
    with pytest.raises(UserError, match="cannot be read: googleapi: Error 403") as caught:
        provider.project_number(settings, None)
    assert caught.value.fix == (
        "gcloud services enable cloudresourcemanager.googleapis.com serviceusage.googleapis.com"
        f" --project {settings.project}"
    )
