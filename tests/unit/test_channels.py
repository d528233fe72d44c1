"""Notification channels: which exist, where their secrets come from, what is refused."""

import json
from pathlib import Path

import pytest

from bqstack.documents import read_yaml
from bqstack.errors import UserError
from components.system import System
from eros.project import channels
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import from_engine, load_stack_file, parse
from tests.unit.fake_engine import Declared, record

CHANNEL = "gcp:monitoring/notificationChannel:NotificationChannel"
CONTACTS = {
    "slackChannel": "#alerts",
    "pagerdutyService": "eros",
    "chatSpace": "spaces/AAA",
    "webhookUrl": "https://hooks.example.com/eros",
    "webhookTokenName": "relay",
    "alertTopic": "eros-alerts",
    "escalationEmail": "lead@example.com",
}
SECRETS = {
    "slackToken": "token-of-slack",
    "pagerdutyKey": "key-of-pagerduty",
    "webhookPassword": "password-of-webhook",
    "webhookTokenUrl": "https://relay.example.com/?auth_token=token-of-relay",
}


@pytest.fixture
def full(values):
    """Settings of a stack that has every channel."""
    declared = read_yaml(PROJECT_ROOT / channels.FILE, channels.FILE)["channels"].values()
    needed = {entry["enabledBy"] for entry in declared if "enabledBy" in entry}
    contacts = dict.fromkeys(needed, "somebody@example.com") | CONTACTS
    return parse(values | {"contacts": contacts, "secrets": SECRETS}, "Pulumi.staging.yaml")


def document(root: Path, channel: str) -> Path:
    (root / "config").mkdir()
    text = f"channels:\n  one:\n    title: One\n{channel}"
    (root / "config/channels.yaml").write_text(text, encoding="utf-8")
    return root


def test_a_stack_without_contacts_has_the_on_call_email_only(settings):
    loaded = channels.load(settings)
    assert set(loaded) == {"on_call_email"}
    assert loaded["on_call_email"].labels == {"email_address": "on-call@example.com"}


def test_every_declared_channel_can_be_had_with_settings_alone(full):
    loaded = channels.load(full)
    assert set(loaded) == channels.names()
    assert loaded["on_call_slack"].labels == {"channel_name": "#alerts"}
    assert loaded["alert_topic"].labels == {"topic": "projects/test-project/topics/eros-alerts"}
    kinds = {channel.type for channel in loaded.values()}
    assert {"email", "slack", "pagerduty", "google_chat", "pubsub"} <= kinds
    assert {"webhook_basicauth", "webhook_tokenauth"} <= kinds


@pytest.mark.parametrize("secret", SECRETS)
def test_a_missing_secret_shows_the_command_that_sets_it(values, secret):
    held = {name: text for name, text in SECRETS.items() if name != secret}
    stack = parse(values | {"contacts": CONTACTS, "secrets": held}, "Pulumi.staging.yaml")
    with pytest.raises(UserError) as caught:
        channels.load(stack)
    message = str(caught.value)
    command = f"pulumi config set --secret --path 'eros:secrets.{secret}' VALUE --stack staging"
    assert command in message
    # At the contact that switches the channel on.
    assert message.startswith("Pulumi.staging.yaml: eros:contacts.")
    assert not any(text in message for text in held.values())


def test_no_secret_is_shown_by_settings_channels_or_errors(values, full):
    shown = repr(full) + str(full) + repr(channels.load(full))
    with pytest.raises(UserError) as caught:
        parse(values | {"secrets": {"slackToken": ["token-of-slack"]}}, "f")
    shown += str(caught.value)
    assert not any(text in shown for text in SECRETS.values())
    assert "eros:secrets.slackToken" in str(caught.value)


def test_the_engine_hands_contacts_and_secrets_over_as_objects(values):
    config = {f"eros:{k}": v if isinstance(v, str) else json.dumps(v) for k, v in values.items()}
    config["eros:contacts"] = json.dumps({"slackChannel": "#alerts"})
    config["eros:secrets"] = json.dumps({"slackToken": "token-of-slack"})
    stack = from_engine(config, "staging")
    assert stack.secrets["slackToken"].get_secret_value() == "token-of-slack"
    assert "on_call_slack" in channels.load(stack)


def test_the_stack_file_is_read_without_the_values_of_its_secrets(tmp_path, values):
    import yaml

    config = {f"eros:{key}": value for key, value in values.items()}
    config["eros:secrets"] = {"slackToken": {"secure": "v1:abc"}}
    path = tmp_path / "Pulumi.staging.yaml"
    path.write_text(yaml.safe_dump({"config": config}), encoding="utf-8")
    found = load_stack_file("staging", tmp_path)
    # A channel knows that its token is there; nobody knows the token.
    assert found.secrets["slackToken"].get_secret_value() == "[secret]"
    assert "on_call_slack" in channels.load(
        found.model_copy(update={"contacts": {"slackChannel": "#alerts"}})
    )


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        ("    type: fax\n    labels: {number: '1'}\n", "type"),
        ("    type: email\n    labels: {address: a@b}\n", "needs the label 'email_address'"),
        (
            "    type: email\n    labels: {email_address: a@b, colour: red}\n",
            "type email has no label 'colour'",
        ),
        (
            "    type: slack\n    labels: {channel_name: '#a', auth_token: x}\n",
            "move it to sensitiveLabels",
        ),
        (
            "    type: email\n    labels: {email_address: a@b}\n    enableBy: x\n",
            "did you mean 'enabledBy'?",
        ),
        (
            "    type: email\n    labels: {email_address: '{{ alert_mail }}'}\n",
            "not defined: alert_mail\n  fix: did you mean alert_email?",
        ),
    ],
)
def test_a_mistake_is_named_with_file_and_key(tmp_path, settings, channel, expected):
    with pytest.raises(UserError) as caught:
        channels.load(settings, document(tmp_path, channel))
    assert str(caught.value).startswith("config/channels.yaml: channels.one")
    assert expected in str(caught.value)


@pytest.fixture(scope="module")
def declared() -> dict[str, Declared]:
    from tests.unit.conftest import VALUES

    stack = parse(VALUES | {"contacts": CONTACTS, "secrets": SECRETS}, "f")
    return {d.name: d for d in record(lambda: System("eros", stack).exports) if d.custom}


def test_secrets_reach_the_engine_as_secrets_only(declared):
    # The mark under which the engine keeps a value out of previews, and encrypts it.
    secret = "1b47061264138c4ac30d75fd1eb44270"
    for name, label in (
        ("on_call_slack", "sensitiveLabels"),
        ("on_call_pagerduty", "sensitiveLabels"),
        ("alert_webhook", "sensitiveLabels"),
        ("alert_webhook_token", "labels"),
    ):
        resource = declared[name]
        assert resource.type == CHANNEL
        assert secret in str(resource.inputs[label]), name
        rest = {key: value for key, value in resource.inputs.items() if key != label}
        assert not any(text in str(rest) for text in SECRETS.values())


def test_a_pubsub_channel_brings_its_topic_and_the_right_to_publish(declared):
    topic, grant = declared["alert_topic-topic"], declared["alert_topic-publisher"]
    assert topic.inputs["name"] == "eros-alerts"
    assert grant.inputs["role"] == "roles/pubsub.publisher"
    assert grant.inputs["member"].startswith("serviceAccount:service-")
    assert grant.inputs["member"].endswith(
        "@gcp-sa-monitoring-notification.iam.gserviceaccount.com"
    )
    assert any(d.endswith("::alert_topic") for d in grant.dependencies), "the agent comes with it"
