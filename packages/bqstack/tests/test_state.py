"""What a stack holds and held, read from every kind of backend."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pyarrow
import pytest

from bqstack import engine, state
from bqstack.errors import UserError
from bqstack.state import checkpoints, reading, secrets
from bqstack.state.state_files import SIGNATURE

# Its name is all that is read; the command's answers are made up.
ROOT = Path(__file__).parents[1] / "examples" / "shop"
STACK = "urn:pulumi:local::shop::pulumi:pulumi:Stack::shop-local"
TABLE = "urn:pulumi:local::shop::gcp:bigquery/table:Table::captions"


def deployment(*extra: dict) -> dict:
    """A deployment as Pulumi writes it."""
    return {
        "manifest": {"time": "2026-11-22T05:37:57.467100847Z"},
        "resources": [
            {"urn": STACK, "type": "pulumi:pulumi:Stack", "custom": False},
            {
                "urn": TABLE,
                "type": "gcp:bigquery/table:Table",
                "custom": True,
                "id": "projects/p/datasets/d/tables/captions",
                "inputs": {"tableId": "captions"},
                "parent": STACK,
                "provider": "urn:p::google::1234",
                "dependencies": [STACK],
                "propertyDependencies": {"tableId": None},
                "protect": True,
                "retainOnDelete": True,
            },
            *extra,
        ],
    }


def update(version: int = 0, **more) -> dict:
    """An entry of the history as `pulumi stack history --json` prints it."""
    return {
        "version": version,
        "kind": "update",
        "startTime": "2026-11-22T05:37:25.000Z",
        "endTime": "2026-11-22T05:37:57.000Z",
        "result": "succeeded",
        "message": " a change\n",
        "environment": {"git.author": "Ann", "git.head": "abc", "git.dirty": "true"},
        "resourceChanges": {"same": 3, "update": 2, "create": 1},
    } | more


@pytest.fixture
def pulumi(monkeypatch):
    """Answers of the command: set `backend`, `exported` and `updates`."""
    answers = SimpleNamespace(backend="", exported=deployment(), updates=[], asked=[])

    def output(*arguments, root):
        del root
        answers.asked.append(arguments)
        match arguments[:2]:
            case ("whoami", _):
                return json.dumps({"url": answers.backend})
            case ("stack", "export"):
                return json.dumps({"version": 3, "deployment": answers.exported})
        return json.dumps(answers.updates)

    monkeypatch.setattr(engine, "output", output)
    return answers


@pytest.fixture
def kept(pulumi, tmp_path):
    """A folder backend of a project; a function that adds an update to its history."""
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    pulumi.backend = f"file://{tmp_path}"
    folder = tmp_path / ".pulumi/history/shop/local"
    folder.mkdir(parents=True)

    def add(stamp: int, suffix: str = "", pack=lambda b: b, content: dict | None = None) -> None:
        body = {"version": 3, "checkpoint": {"latest": content or deployment()}}
        for kind, text in (("history", "{}"), ("checkpoint", json.dumps(body))):
            file = folder / f"local-{stamp}.{kind}.json{suffix}"
            file.write_bytes(pack(text.encode()))
            (folder / f"{file.name}.attrs").write_text("{}")

    return add


def zstd(content: bytes) -> bytes:
    sink = pyarrow.BufferOutputStream()
    with pyarrow.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


def test_a_resource_has_all_that_the_state_says(pulumi):
    found = state.current("local", ROOT).by_urn[TABLE]
    assert (found.name, found.id) == ("captions", "projects/p/datasets/d/tables/captions")
    assert found.inputs == {"tableId": "captions"}
    assert found.outputs == {}
    assert found.provider_urn == "urn:p::google"
    assert found.property_dependencies == {"tableId": ()}
    assert found.options == {"retainOnDelete": True}
    assert found.protect


def test_a_resource_that_waits_for_deletion_is_not_there(pulumi):
    pulumi.exported = deployment({"urn": TABLE, "type": "t", "custom": True, "delete": True})
    assert len(state.current("local", ROOT).resources) == 2


def test_operations_of_unknown_end_are_known(pulumi):
    pulumi.exported = deployment() | {
        "pending_operations": [{"type": "creating", "resource": {"urn": TABLE}}]
    }
    assert state.current("local", ROOT).pending == (TABLE,)


def test_a_stack_without_an_update_is_empty(pulumi):
    pulumi.exported = {"manifest": {"time": "0001-01-01T00:00:00Z"}}
    assert state.current("local", ROOT) == state.Checkpoint(None, None, ())


@pytest.mark.parametrize(
    ("printed", "what"),
    [
        ("error: try later", "no JSON"),
        ("", "no JSON"),
        ("[]", "no deployment"),
        ('{"version": 3}', "no deployment"),
        ('{"version": 3, "deployment": null}', "no deployment"),
        ('{"version": 3, "deployment": {"resources": [{"type": "t"}]}}', "no deployment"),
    ],
)
def test_what_is_no_state_is_reported_with_the_command(monkeypatch, printed, what):
    monkeypatch.setattr(engine, "output", lambda *_, root: printed)
    with pytest.raises(UserError, match=rf"`pulumi stack export --stack local` printed {what}"):
        state.current("local", ROOT)


def test_a_command_that_cannot_be_run_is_reported(monkeypatch):
    def output(*_, root):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(engine, "output", output)
    with pytest.raises(UserError, match=r"pulumi stack export --stack local: .*denied"):
        state.current("local", ROOT)


@pytest.mark.parametrize("printed", ["no json", "[{}]", '[{"kind": "update"}]'])
def test_what_is_no_history_is_reported_with_the_command(monkeypatch, printed):
    monkeypatch.setattr(engine, "output", lambda *_, root: printed)
    with pytest.raises(UserError, match=r"`pulumi stack history --stack local.* printed no"):
        state.history("local", ROOT)


@pytest.mark.parametrize("printed", ["no json", "[]", "{}"])
def test_a_backend_without_an_address_is_reported_with_the_command(monkeypatch, printed):
    monkeypatch.setattr(engine, "output", lambda *_, root: printed)
    with pytest.raises(UserError, match=r"`pulumi whoami --verbose --json` printed no"):
        state.load("local", 1, ROOT)


def test_updates_of_a_folder_are_counted_from_the_oldest(pulumi):
    pulumi.updates = [update(message="c"), update(message="b"), update(message="a")]
    assert [(u.version, u.message) for u in state.history("local", ROOT)] == [
        (3, "c"),
        (2, "b"),
        (1, "a"),
    ]


def test_updates_of_the_service_keep_their_number(pulumi):
    pulumi.updates = [update(17), update(16)]
    assert [u.version for u in state.history("local", ROOT)] == [17, 16]


def test_an_update_says_when_who_and_what(pulumi):
    pulumi.updates = [update(endTime=None, result="in-progress"), update()]
    running, ended = state.history("local", ROOT)
    assert running.end is None
    assert not running.succeeded
    assert ended.start == datetime(2026, 11, 22, 5, 37, 25, tzinfo=UTC)
    assert (ended.who, ended.commit, ended.dirty, ended.message) == ("Ann", "abc", True, "a change")
    assert ended.changed == 3


@pytest.mark.parametrize(
    ("suffix", "pack"), [("", lambda b: b), (".gz", gzip.compress), (".zst", zstd)]
)
def test_a_checkpoint_is_read_however_it_is_packed(kept, suffix, pack):
    kept(100, content={"resources": []})
    kept(200, suffix, pack)
    found = state.load("local", 2, ROOT)
    assert found.version == 2
    assert TABLE in found.by_urn


@pytest.mark.parametrize("version", [0, 2])
def test_an_update_that_is_not_kept_is_a_users_error(kept, version):
    kept(100)
    with pytest.raises(state.NotKept, match="fix: pulumi stack history"):
        state.load("local", version, ROOT)


def test_an_update_without_a_checkpoint_is_a_users_error(kept, tmp_path):
    kept(100)
    (tmp_path / ".pulumi/history/shop/local/local-100.checkpoint.json").unlink()
    with pytest.raises(UserError, match="left no checkpoint"):
        state.load("local", 1, ROOT)


def test_a_stack_that_was_never_updated_has_no_update(kept, tmp_path):
    with pytest.raises(UserError, match="stack staging has no update 1"):
        reading.load("staging", 1, tmp_path)


def test_pulumis_service_gives_the_version_itself(pulumi):
    pulumi.backend = "https://app.pulumi.com/me"
    assert state.load("me/shop/local", 7, ROOT).version == 7
    assert pulumi.asked[-1][-2:] == ("--version", "7")


@pytest.mark.parametrize("backend", ["s3://bucket", "azblob://container"])
def test_buckets_of_others_name_the_way_out(kept, pulumi, backend):
    pulumi.backend = backend
    with pytest.raises(state.Unreachable, match="to this machine"):
        state.load("local", 1, ROOT)


def test_a_bucket_without_a_client_is_not_read(kept, pulumi):
    pulumi.backend = "gs://bucket"
    with pytest.raises(state.Unreachable, match=r"copy .*history/shop/local/.* to this machine"):
        state.load("local", 1, ROOT)


class Objects:
    """A Cloud Storage bucket of two pages."""

    def __init__(self, content: dict[str, bytes]) -> None:
        self._content = content

    def list(self, bucket, prefix):
        assert (bucket, prefix) == ("states", "team/.pulumi/history/shop/local/")
        return self._answer({"items": [{"name": name} for name in self._content]})

    def list_next(self, request, page):
        return self._answer({}) if "items" in page else None

    def get_media(self, bucket, object):
        assert bucket == "states"
        return self._answer(self._content[object])

    def _answer(self, answer):
        return SimpleNamespace(execute=lambda: answer)


def test_a_bucket_of_cloud_storage_is_read(kept, pulumi):
    pulumi.backend = "gs://states/team?prefix=none"
    prefix = "team/.pulumi/history/shop/local/local-5"
    body = json.dumps({"version": 3, "checkpoint": {"latest": deployment()}}).encode()
    objects = Objects({f"{prefix}.history.json": b"{}", f"{prefix}.checkpoint.json": body})
    storage = SimpleNamespace(objects=lambda: objects)
    assert TABLE in state.load("local", 1, ROOT, storage=lambda: storage).by_urn


@pytest.mark.parametrize(
    "content",
    [
        b"no json",
        b"[]",
        b'{"version": 3}',
        b'{"deployment": []}',
        b'{"deployment": {"resources": [{"type": "t"}]}}',
        b'{"deployment": {"manifest": {"time": "today"}}}',
        gzip.compress(b'{"version": 3, "deployment": {}}', mtime=0)[:-9],
        b"\x28\xb5\x2f\xfd cut",
    ],
)
def test_a_file_that_is_no_checkpoint_is_reported(tmp_path, content):
    file = tmp_path / "some.json"
    file.write_bytes(content)
    with pytest.raises(UserError, match="not a Pulumi checkpoint"):
        state.load_file(file)


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        state.load_file(tmp_path / "none.json")


def test_an_exported_stack_is_a_checkpoint_too(tmp_path):
    file = tmp_path / "some.json"
    file.write_text(json.dumps({"version": 3, "deployment": deployment()}))
    assert state.load_file(file).time == datetime(2026, 11, 22, 5, 37, 57, 467100, tzinfo=UTC)


def test_a_checkpoint_without_secrets_needs_no_key():
    checkpoint = state.Checkpoint.from_deployment(deployment(), 1)
    assert state.revealed("local", checkpoint, ROOT) is checkpoint


def closed(value: str, **more) -> dict:
    """A table with a secret, as the state keeps it."""
    entry = {"urn": TABLE, "type": "t", "custom": True, "inputs": {"key": secret(value)}}
    return entry | more


def secret(value: str) -> dict:
    return {SIGNATURE: state.SECRET_MARKER, "ciphertext": value}


def test_secrets_are_those_of_the_resource_that_stays(monkeypatch):
    waiting = closed("old", delete=True)
    given = {"resources": [closed("new"), waiting]}
    monkeypatch.setattr(secrets, "export", lambda *_: json.dumps({"deployment": given}))
    found = state.revealed("local", state.Checkpoint.from_deployment(given, 1), ROOT)
    assert found.by_urn[TABLE].inputs == {"key": secret("new")}


@pytest.mark.parametrize("printed", ["no json", "{}", '{"deployment": {"resources": []}}'])
def test_secrets_that_do_not_come_are_reported(monkeypatch, printed):
    monkeypatch.setattr(secrets, "export", lambda *_: printed)
    given = state.Checkpoint.from_deployment({"resources": [closed("x")]}, 1)
    with pytest.raises(UserError, match="--show-secrets"):
        state.revealed("local", given, ROOT)


def test_a_checkpoint_that_may_not_be_read_is_reported(kept, monkeypatch):
    kept(100)

    read = checkpoints.Path.read_bytes

    def refused(path):
        if "checkpoint" in path.name:
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(checkpoints.Path, "read_bytes", refused)
    with pytest.raises(UserError, match=r"local-100\.checkpoint\.json: cannot be read: Permission"):
        state.load("local", 1, ROOT)


# Read from the folder itself -----------------------------------------------------------------


@pytest.fixture
def in_folder(pulumi, monkeypatch, tmp_path):
    """Writes the file of a stack into a folder that PULUMI_BACKEND_URL names."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    folder = tmp_path / ".pulumi/stacks/shop"
    folder.mkdir(parents=True)

    def write(name: str = "local.json", pack=lambda b: b, content: str | None = None) -> None:
        body = json.dumps({"version": 3, "checkpoint": {"latest": deployment()}})
        (folder / name).write_bytes(pack((content or body).encode()))
        (folder / f"{name}.bak").write_text("{}")
        (folder / f"{name}.attrs").write_text("{}")

    return write


@pytest.mark.parametrize(
    ("name", "pack"),
    [("local.json", bytes), ("local.json.gz", gzip.compress), ("local.json.zst", zstd)],
)
def test_a_stack_in_a_folder_is_read_without_pulumi(pulumi, in_folder, name, pack):
    in_folder(name, pack)
    found = state.kept_in_folder("organization/shop/local", ROOT)
    assert found == state.current("local", ROOT)
    assert pulumi.asked == [("stack", "export", "--stack", "local")]


def test_pulumi_is_asked_where_the_folder_does_not_say_it(monkeypatch, in_folder):
    whole = "organization/shop/local"
    assert state.kept_in_folder(whole, ROOT) is None, "no file"
    in_folder(content="{")
    assert state.kept_in_folder(whole, ROOT) is None, "a broken file"
    in_folder()
    assert state.kept_in_folder(whole, ROOT)
    assert state.kept_in_folder("local", ROOT) is None, "nobody knows of which project"
    in_folder("local.json.gz", gzip.compress)
    assert state.kept_in_folder(whole, ROOT) is None, "two files"
    monkeypatch.setenv("PULUMI_BACKEND_URL", "gs://bucket")
    assert state.kept_in_folder(whole, ROOT) is None
    monkeypatch.delenv("PULUMI_BACKEND_URL")
    assert state.kept_in_folder(whole, ROOT) is None
