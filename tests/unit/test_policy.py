"""The policy pack: every rule on its own cases, all rules on every stack's resources."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi_policy import (
    EnforcementLevel,
    PolicyCustomTimeouts,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from bqstack import catalogue
from bqstack.policy.rule import Rule
from components.system import System
from eros.project import schedules, stack_file
from eros.project.project import Project
from eros.project.settings import PROJECT_ROOT, Settings
from eros.project.stack_file import parse
from policy import document, idempotent, stack
from policy.pack import RULES, THEMES
from policy.schedules import calls, runs_a_day
from tests.unit.conftest import VALUES
from tests.unit.fake_engine import Declared, record

STACKS = ("local", "staging", "prod")
CASES = Path(__file__).parent / "policy"
BY_ID = {rule.id: rule for rule in RULES}
# What the program leaves to whoever makes the project; the engine says it and goes on.
OPEN_ADVICE = {"audit-log-on", "audit-log-sink"}


@dataclass(frozen=True)
class Case:
    """Resources that a rule passes or refuses; `says` is a part of what it then says."""

    rule: str
    title: str
    resources: list[dict[str, Any]]
    says: str | None
    settings: dict[str, Any] = field(default_factory=dict)


def _cases() -> Iterator[Case]:
    for file in sorted(CASES.glob("*.yaml")):
        for rule, groups in yaml.safe_load(file.read_text(encoding="utf-8")).items():
            for outcome, entries in groups.items():
                assert outcome in ("passes", "fails"), (file.name, rule, outcome)
                for number, entry in enumerate(entries):
                    assert ("says" in entry) is (outcome == "fails"), (file.name, rule)
                    yield Case(
                        rule,
                        f"{rule}-{outcome}-{number}",
                        entry["resources"],
                        entry.get("says"),
                        entry.get("settings") or {},
                    )


ALL_CASES = list(_cases())


def expand(value: Any) -> Any:
    """Write out the shorthands of the case files: $text, $list, $json, $unknown."""
    if isinstance(value, list):
        return [expand(item) for item in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"$text": length, **rest}:
            return rest.get("of", "x") * length
        case {"$list": length, "of": item}:
            return [json.loads(json.dumps(item).replace("$n", str(n))) for n in range(length)]
        case {"$json": content}:
            return json.dumps(expand(content))
        case {"$unknown": _}:
            return UNKNOWN_STRING_VALUE
    return {key: expand(item) for key, item in value.items()}


def options(protect: bool, delete_first: bool) -> PolicyResourceOptions:
    return PolicyResourceOptions(protect, [], delete_first, [], PolicyCustomTimeouts(0, 0, 0), [])


def members(resources: list[dict[str, Any]]) -> list[PolicyResource]:
    """Resources of a case; `chain: n` makes n of one, each depending on the one before."""
    found: dict[str, PolicyResource] = {}
    for number, entry in enumerate(resources):
        before: PolicyResource | None = None
        for link in range(entry.get("chain", entry.get("times", 1))):
            name = f"{entry.get('name', f'r{number}')}{link or ''}"
            needs = [found[needed] for needed in entry.get("needs", [])]
            if before is not None and "chain" in entry:
                needs.append(before)
            before = found[name] = PolicyResource(
                entry["type"],
                unknown_checking_proxy(expand(entry.get("props") or {})),
                f"urn:pulumi:case::eros::{entry['type']}::{name}",
                name,
                options(entry.get("protect", False), entry.get("deleteFirst", False)),
                None,
                None,
                needs,
                {},
            )
    return list(found.values())


def violations(rule: Rule, resources: list[PolicyResource]) -> list[str]:
    """What the rule, as Pulumi's engine would run it, says about these resources."""
    said: list[str] = []
    policy = rule.policy()
    if isinstance(policy, ResourceValidationPolicy):
        for one in resources:
            arguments = ResourceValidationArgs(
                one.resource_type, one.props, one.urn, one.name, one.opts, None
            )
            policy.validate(
                arguments, lambda text, _, name=one.name: said.append(f"{name}: {text}")
            )
    else:
        policy.validate(StackValidationArgs(resources), lambda text, urn: said.append(text))
    return said


def of_program(declared: list[Declared], stack_name: str) -> list[PolicyResource]:
    """Recorded resources as the engine shows them to a pack."""
    found = {
        f"{d.type}::{d.name}": PolicyResource(
            d.type,
            unknown_checking_proxy(d.inputs),
            f"urn:pulumi:{stack_name}::eros::{d.type}::{d.name}",
            d.name,
            options(d.protect, d.delete_before_replace),
            None,
            None,
            [],
            {},
        )
        for d in declared
    }
    for d in declared:
        found[f"{d.type}::{d.name}"].dependencies += [found[n] for n in d.dependencies]
    return list(found.values())


@pytest.mark.parametrize("case", ALL_CASES, ids=lambda case: case.title)
def test_a_rule_says_what_its_cases_expect(case, monkeypatch):
    settings = parse(VALUES | case.settings, "Pulumi.case.yaml")
    monkeypatch.setattr(stack, "load", lambda _: settings)
    said = violations(BY_ID[case.rule], members(case.resources))
    if case.says is None:
        assert said == []
    else:
        assert len(said) == 1, said
        assert case.says in said[0]
        assert f"fix: {BY_ID[case.rule].fix}" in said[0]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_has_a_case_that_passes_and_one_that_fails(rule):
    outcomes = {case.says is None for case in ALL_CASES if case.rule == rule.id}
    assert outcomes == {True, False}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_can_be_looked_up(rule):
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.id)
    assert rule.url.startswith(("https://cloud.google.com/", "https://www.pulumi.com/docs/"))
    for reference in rule.references:
        assert re.fullmatch(r"CIS \d\.\d+|CKV_GCP_\d+|Trivy GCP-\d{4}", reference), reference
    assert (rule.check is None) is not (rule.stack_check is None)


def test_ids_are_unique():
    assert len(BY_ID) == len(RULES)


@pytest.fixture(scope="module", params=STACKS)
def whole_stack(request) -> tuple[Settings, list[PolicyResource]]:
    name = request.param
    settings = stack_file.load_stack_file(name).model_copy(update={"endpoints_file": None})
    return settings, of_program(record(lambda: System("eros", settings) and None), name)


def test_no_stack_violates_a_rule(whole_stack):
    _, resources = whole_stack
    said = {rule.id: violations(rule, resources) for rule in RULES}
    assert {rule: texts for rule, texts in said.items() if texts and rule not in OPEN_ADVICE} == {}
    for rule in OPEN_ADVICE:
        assert BY_ID[rule].enforcement is EnforcementLevel.ADVISORY
        assert len(said[rule]) == 1, f"{rule} is followed now: take it off the list"


def test_a_stack_with_a_key_encrypts_everything_with_it(monkeypatch, values):
    key = "projects/p/locations/us/keyRings/r/cryptoKeys/k"
    settings = parse(values | {"kmsKey": key}, "Pulumi.staging.yaml")
    monkeypatch.setattr(stack, "load", lambda _: settings)
    resources = of_program(record(lambda: System("eros", settings) and None), "staging")
    for rule in THEMES["Encryption"].RULES:
        assert violations(rule, resources) == []


def test_rules_about_a_stack_read_past_values_that_are_not_known_yet(monkeypatch):
    settings = parse(VALUES | {"kmsKey": "k"}, "Pulumi.case.yaml")
    monkeypatch.setattr(stack, "load", lambda _: settings)
    unknown = {"$unknown": True}
    keys = ("schema", "schedule", "params", "view", "datasetId", "definitionBody", "routineId")
    props = dict.fromkeys((*keys, "filter", "disabled", "service", "materializedView"), unknown)
    types = sorted({kind for rule in RULES for kind in rule.on})
    resources = members([{"type": kind, "props": props} for kind in types])
    for rule in RULES:
        if rule.stack_check:
            violations(rule, resources)


def test_procedures_that_may_repeat_exist_and_all_that_are_scheduled_are_among_them(settings):
    procedures = {
        name
        for name, found in Project(settings, PROJECT_ROOT).sql.objects.items()
        if found.kind is catalogue.Kind.PROCEDURE
    }
    assert idempotent.WHY.keys() <= procedures
    scheduled = {n for c in schedules.transfer_configs(settings) for n in calls(c.query)}
    assert scheduled <= idempotent.WHY.keys()


@pytest.mark.parametrize(
    ("schedule", "runs"),
    [
        ("every 5 minutes", 288),
        ("every 6 hours from 02:40 to 20:40", 4),
        ("every 1 hours from 00:17 to 23:17", 24),
        ("every day 12:35", 1),
        ("every monday 04:25", 1),
    ],
)
def test_runs_of_a_schedule_are_counted(schedule, runs):
    assert runs_a_day(schedule) == runs


def test_calls_in_texts_and_comments_do_not_count():
    script = "-- CALL a()\nSELECT 'CALL b()'; CALL `p`.`d`.c(1); call d ( ); CALL `p.d.e`();"
    assert calls(script) == ["c", "d", "e"]


def test_the_document_lists_the_rules_as_they_are():
    text = (PROJECT_ROOT / document.FILE).read_text(encoding="utf-8")
    assert text == document.text(), "run: python -m policy.document"
