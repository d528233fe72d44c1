"""Settings: what a person sees when a stack file is wrong."""

import json
import math
from pathlib import Path
from typing import get_args

import pytest

from bqstack.documents import Section
from bqstack.errors import UserError
from eros.project.settings import Settings
from eros.project.stack_file import check_file, from_engine, load_stack_file, parse


def refusal(values) -> str:
    with pytest.raises(UserError) as caught:
        parse(values, "Pulumi.staging.yaml")
    return str(caught.value)


def test_a_misspelt_key_is_named_with_its_likely_spelling(values):
    text = refusal(values | {"datset": "x"})
    assert "Pulumi.staging.yaml" in text
    assert "eros:datset" in text
    assert "did you mean 'dataset'?" in text
    assert "pulumi config rm --path 'eros:datset'" in text


def test_a_misspelt_key_of_a_section_is_named_by_its_path(values):
    text = refusal(values | {"limits": {"maximumBytesBiled": 1}})
    assert "eros:limits.maximumBytesBiled" in text
    assert "maximumBytesBilled" in text


def test_a_missing_key_comes_with_the_command_that_sets_it(values):
    del values["costOwner"]
    assert "pulumi config set --path 'eros:costOwner' VALUE" in refusal(values)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("environment", "production"),
        ("project", "Not A Project"),
        ("dataset", "with-dash"),
        ("timeZone", "America/Los_Angles"),
        ("prices", {"queryUsdPerTib": -1}),
        ("limits", {"queryTimeoutSeconds": "soon"}),
        ("retention", {"timeTravelHours": 30}),
        ("access", {"readers": ["someone"]}),
        ("access", {"writers": ["group:a@example.com"], "builders": ["group:a@example.com"]}),
        ("labels", {"Team": "x"}),
        ("labels", {"component": "captions"}),
        ("labels", {"eros_run": "x"}),
        ("labels", {"alert_rule": "x"}),
        ("labels", {"metric_health_score": "1"}),
        ("alertEmail", "nobody"),
    ],
)
def test_a_wrong_value_is_named_with_file_and_key(values, key, value):
    text = refusal(values | {key: value})
    assert text.startswith(f"Pulumi.staging.yaml: eros:{key}")


def numbers() -> list[tuple[str, str]]:
    """Section and key of every numeric setting."""
    return [
        (section.alias, field.alias)
        for section in Settings.model_fields.values()
        if isinstance(section.annotation, type) and issubclass(section.annotation, Section)
        for field in section.annotation.model_fields.values()
        if {field.annotation, *get_args(field.annotation)} & {int, float}
    ]


@pytest.mark.parametrize("wrong", [math.inf, -math.inf, math.nan, True, 10**30, "many", [1]])
def test_no_number_is_endless_or_a_yes(values, wrong):
    """Any of them would become SQL that BigQuery refuses, or that means something else."""
    found = numbers()
    assert len(found) > 80
    for section, key in found:
        text = refusal(values | {section: dict(values.get(section, {})) | {key: wrong}})
        assert text.startswith(f"Pulumi.staging.yaml: eros:{section}.{key}: input should be")


def test_the_engine_hands_everything_over_as_text(values):
    config = {f"eros:{k}": v if isinstance(v, str) else json.dumps(v) for k, v in values.items()}
    config |= {"gcp:project": "other", "eros:schedulesPaused": "true"}
    settings = from_engine(config, "staging")
    assert settings.backup.bucket == "test-bucket"
    assert settings.schedules_paused is True


@pytest.mark.parametrize("stack", ["local", "staging", "prod"])
def test_the_stack_files_of_the_project_are_valid(stack):
    assert load_stack_file(stack).environment == stack


def test_production_only_refers_to_tables_of_other_systems():
    prod = load_stack_file("prod")
    assert (prod.project, prod.dataset) == ("of-scheduler-proj", "eros_scheduling_brain")
    assert prod.external_tables == "adopt"
    assert prod.protect_tables


def test_an_unknown_stack_lists_the_known_ones():
    with pytest.raises(UserError, match="local, prod, staging"):
        load_stack_file("produktion")


def test_a_folder_without_stacks_is_no_project(tmp_path: Path):
    with pytest.raises(UserError, match="in the folder of the project"):
        load_stack_file("local", tmp_path)


def test_a_stack_file_that_is_no_yaml_is_named_with_its_line(tmp_path: Path):
    (tmp_path / "Pulumi.x.yaml").write_text("config:\n  a: [1\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"Pulumi\.x\.yaml:3: not valid YAML"):
        load_stack_file("x", tmp_path)


def test_job_history_is_googles_view_of_the_region_or_the_table(values, settings):
    assert settings.jobs_view == "`test-project`.`region-us`.INFORMATION_SCHEMA.JOBS_BY_PROJECT"
    local = parse(values | {"jobHistory": "table"}, "f")
    assert local.jobs_view == "`test-project`.`brain`.job_history"


@pytest.mark.parametrize(
    ("stack", "key_line", "refused"),
    [
        ("prod", "encryptionsalt: v1:x", True),
        ("prod", "secretsprovider: gcpkms://projects/p", False),
        ("local", "encryptionsalt: v1:x", False),
    ],
)
def test_secrets_of_shared_stacks_need_a_key(tmp_path, stack, key_line, refused):
    text = f"config:\n  eros:secrets:\n    slackToken:\n      secure: v1:abc\n{key_line}\n"
    (tmp_path / f"Pulumi.{stack}.yaml").write_text(text, encoding="utf-8")
    if not refused:
        check_file(stack, tmp_path)
        return
    with pytest.raises(UserError, match="change-secrets-provider"):
        check_file(stack, tmp_path)


def test_damaged_json_from_the_engine_is_an_error_that_names_the_key(values):
    config = {f"eros:{k}": v if isinstance(v, str) else json.dumps(v) for k, v in values.items()}
    with pytest.raises(UserError, match="eros:labels"):
        from_engine(config | {"eros:labels": "{bad"}, "local")


def test_a_mapping_is_no_text(values):
    config = {f"eros:{k}": v if isinstance(v, str) else json.dumps(v) for k, v in values.items()}
    with pytest.raises(UserError, match="eros:alertEmail"):
        from_engine(config | {"eros:alertEmail": '{"a": 1}'}, "local")


@pytest.mark.parametrize(
    ("config", "shown"),
    [("- eros:project: x", "[{'eros:project': 'x'}]"), ("1: x", "1"), ("eros", "'eros'")],
)
def test_a_config_that_is_no_map_of_names_is_refused(tmp_path, config, shown):
    (tmp_path / "Pulumi.prod.yaml").write_text(f"config:\n  {config}\n")
    for read in (load_stack_file, check_file):
        with pytest.raises(UserError) as caught:
            read("prod", tmp_path)
        text = str(caught.value)
        assert text.startswith("Pulumi.prod.yaml: config: not a mapping of names to values")
        assert f"(got {shown})" in text


def test_a_setting_outside_config_is_refused(tmp_path):
    (tmp_path / "Pulumi.x.yaml").write_text(
        "config:\n  eros:project: p\neros:dataset: d\n", encoding="utf-8"
    )
    for reader in (load_stack_file, check_file):
        with pytest.raises(UserError, match=r"(?s)eros:dataset.*below `config:`"):
            reader("x", tmp_path)


def test_an_unknown_key_is_shown_as_it_was_written(values):
    with pytest.raises(UserError, match=r"eros:backup\.buck_et"):
        parse(values | {"backup": {"bucket": "test-bucket", "buck_et": "x"}}, "Pulumi.local.yaml")


def test_every_mistake_of_a_stack_is_named(values):
    text = refusal(values | {"datset": "x", "timeZone": "America/Los_Angles", "labls": {}})
    for key in ("eros:datset", "eros:labls", "eros:timeZone"):
        assert f"Pulumi.staging.yaml: {key}: " in text
    assert text.count("\n  fix: ") == 3
