"""Staging and production without a cloud, and the refusal to touch one."""

import pytest


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_a_first_deployment_is_previewed_without_a_cloud(program, stack):
    program.pulumi("stack", "init", stack, "--no-select")
    output = program.pulumi("preview", "--stack", stack)
    assert "run_daily_automation" in output
    assert "to create" in output


def test_the_local_provider_refuses_to_create_on_google(program):
    output = program.pulumi("up", "--stack", "prod", "--yes", "--skip-preview", fails=True)
    assert "pulumi plugin install resource gcp" in output
    assert "Traceback" not in output
    kinds = {resource["type"] for resource in program.state("prod")}
    assert kinds <= {"pulumi:pulumi:Stack", "pulumi:providers:gcp"}, "nothing was begun"
