"""`eros repair` on stacks in a folder: the lock and the file that a dead engine has left."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from bqstack import engine, engine_lock
from bqstack.errors import UserError
from bqstack.state import damage
from eros.operations.deploy import pulumi_updates
from eros.operations.repair import pending, repairing
from eros.operations.repair.pending import Settled

STACK = "urn:pulumi:local::eros::pulumi:pulumi:Stack::eros-local"
LATER = "2026-11-29T08:00:00.000000Z"


def checkpoint(time: str = LATER) -> str:
    """A file as the engine writes it."""
    latest = {
        "manifest": {"time": time},
        "resources": [{"urn": STACK, "type": "pulumi:pulumi:Stack"}],
    }
    return json.dumps({"version": 3, "checkpoint": {"stack": "x", "latest": latest}})


class Backend:
    """A folder backend with one stack, and a `pulumi` that knows its address."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        (root / "Pulumi.yaml").write_text("name: eros\nruntime: python\n")
        self.stacks = root / "state/.pulumi/stacks/eros"
        self.locks = root / "state/.pulumi/locks/organization/eros/local"
        self.stacks.mkdir(parents=True)
        self.cancelled = False
        monkeypatch.setattr(engine, "output", self._output)
        monkeypatch.setenv("EROS_LOG_DIR", str(root / "logs"))

    def _output(self, *arguments: str, root: Path) -> str:
        if arguments[0] == "whoami":
            return json.dumps({"url": f"file://{self.root}/state"})
        assert arguments == ("cancel", "--yes", "--stack", "local")
        shutil.rmtree(self.locks)
        self.cancelled = True
        return ""

    def write(self, name: str, text: str) -> None:
        (self.stacks / name).write_text(text)

    def lock(self, pid: int, host: str | None = None) -> None:
        self.locks.mkdir(parents=True)
        content = {"pid": pid, "username": "me", "hostname": host or socket.gethostname()}
        (self.locks / "1.json").write_text(json.dumps(content))


@pytest.fixture
def backend(tmp_path, monkeypatch) -> Backend:
    """A backend whose stack has no operation of unknown end."""
    monkeypatch.setattr(pending, "settle", lambda *_, **__: Settled())
    return Backend(tmp_path, monkeypatch)


def repaired(backend: Backend) -> repairing.Repair:
    return repairing.repair(None, "local", root=backend.root, progress=lambda _: None)


def dead() -> int:
    """Number of a process that has ended."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    return ended.pid


def test_a_whole_stack_is_left_alone(backend):
    backend.write("local.json", checkpoint())
    backend.write("local.json.bak", "")
    assert repaired(backend).is_empty
    assert not backend.cancelled


@pytest.mark.parametrize("text", ["", '{"version": 3, "checkpoint": {"sta', "{}", "[]"])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_the_copy_of_a_broken_state_is_put_back_and_dated(backend, text, ending):
    name = f"local.json{ending}"
    backend.write(name, text)
    backend.write(f"{name}.bak", checkpoint())
    done = repaired(backend)
    assert done.put_back == "2026-11-29T08:00:00+00:00"
    assert (backend.stacks / name).read_text() == checkpoint()
    assert (backend.stacks / f"{name}.broken").read_text() == text
    assert repaired(backend).is_empty


@pytest.mark.parametrize("note", ["", "{"])
def test_a_broken_note_beside_a_file_goes(backend, note):
    """The engine reads no stack of a folder that has one: error: failed to load checkpoint: EOF."""
    backend.write("local.json", checkpoint())
    backend.write("local.json.attrs", note)
    backend.write("other.json.attrs", '{"md5": ""}')
    said: list[str] = []
    repairing.repair(None, "local", root=backend.root, progress=said.append)
    assert said == ["1 broken note beside files of the backend: removed"]
    assert not (backend.stacks / "local.json.attrs").exists()
    assert (backend.stacks / "other.json.attrs").exists()


def test_a_broken_state_without_a_whole_copy_is_left_as_it_is(backend):
    backend.write("local.json", "")
    backend.write("local.json.bak", "{")
    with pytest.raises(UserError, match="no intact copy") as reported:
        repaired(backend)
    assert "pulumi stack import" in reported.value.fix
    assert (backend.stacks / "local.json").read_text() == ""


def test_a_stack_that_was_removed_does_not_come_back(backend):
    backend.write("local.json.bak", checkpoint())
    assert damage("local", backend.root) is None


def test_a_broken_state_names_the_command(backend):
    backend.write("local.json", "")
    backend.write("local.json.bak", checkpoint())
    with pytest.raises(UserError, match="2026-11-29 08:00:00") as reported:
        repairing.refuse_damage(None, "local", backend.root)
    assert reported.value.fix == "eros repair --stack local"


def test_the_lock_of_a_dead_process_goes(backend):
    backend.write("local.json", checkpoint())
    backend.lock(dead())
    assert len(repaired(backend).lock) == 1
    assert backend.cancelled


def test_a_state_is_whole_before_the_engine_is_asked_for_its_lock(backend, monkeypatch):
    """One kill can leave both; `pulumi cancel` reads the state first."""
    backend.write("local.json", "")
    backend.write("local.json.bak", checkpoint())
    backend.lock(dead())
    clear, seen = repairing.engine_lock.clear, []

    def cleared(*arguments: object) -> None:
        seen.append((backend.stacks / "local.json").read_text())
        clear(*arguments)

    monkeypatch.setattr(repairing.engine_lock, "clear", cleared)
    done = repaired(backend)
    assert done.put_back
    assert len(done.lock) == 1
    assert seen == [checkpoint()]


def test_the_lock_of_a_process_that_has_the_number_of_a_dead_one_goes(backend):
    backend.write("local.json", checkpoint())
    backend.lock(os.getpid())
    assert len(repaired(backend).lock) == 1


def test_a_running_engine_is_left_alone(backend, tmp_path):
    runs = tmp_path / "pulumi-that-runs"
    shutil.copy(shutil.which("sleep"), runs)
    with subprocess.Popen([runs, "60"]) as process:
        backend.lock(process.pid)
        backend.write("local.json", "")
        with pytest.raises(UserError, match="which is running"):
            repaired(backend)
        process.kill()
    assert (backend.stacks / "local.json").read_text() == "", "it may be writing"


def test_a_lock_of_another_machine_is_left_to_a_person(backend):
    backend.lock(1, host="elsewhere")
    with pytest.raises(UserError, match="me@elsewhere") as reported:
        repaired(backend)
    assert "pulumi cancel --stack local" in reported.value.fix


def test_half_a_lock_is_named(backend):
    backend.lock(1)
    (backend.locks / "1.json").write_text("")
    with pytest.raises(UserError, match="not a readable lock"):
        engine_lock.holders("local", backend.root)


def test_a_repair_that_is_killed_goes_on_with_what_it_had_to_read(backend, monkeypatch):
    backend.write("local.json", checkpoint())
    seen = []

    def settle(*_, taken, remember, **__):
        seen.append(taken)
        remember(["urn:a"])
        if len(seen) == 1:
            raise KeyboardInterrupt
        return Settled()

    monkeypatch.setattr(pending, "settle", settle)
    with pytest.raises(KeyboardInterrupt):
        repaired(backend)
    repaired(backend)
    repaired(backend)
    assert seen == [[], ["urn:a"], []]


class Bucket:
    """A bucket of Cloud Storage with these objects, one page."""

    def __init__(self, content: dict[str, bytes]) -> None:
        self.content = content

    def objects(self) -> Bucket:
        return self

    def list(self, bucket: str, prefix: str) -> SimpleNamespace:
        assert bucket == "states"
        names = [name for name in self.content if name.startswith(prefix)]
        return _answer({"items": [{"name": name} for name in names]})

    def list_next(self, request, page) -> None:
        return None

    def get_media(self, bucket: str, object: str) -> SimpleNamespace:
        return _answer(self.content[object])

    def insert(self, bucket: str, name: str, media_body) -> SimpleNamespace:
        self.content[name] = media_body.getbytes(0, media_body.size())
        return _answer({})


def _answer(answer) -> SimpleNamespace:
    return SimpleNamespace(execute=lambda: answer)


def test_a_stack_in_a_bucket_has_its_copy_and_its_locks_there(backend, monkeypatch):
    url = json.dumps({"url": "gs://states/team"})
    monkeypatch.setattr(engine, "output", lambda *_, root: url)
    lock = {"pid": 1, "username": "me", "hostname": "elsewhere"}
    bucket = Bucket(
        {
            "team/.pulumi/stacks/eros/local.json": b"",
            "team/.pulumi/stacks/eros/local.json.bak": checkpoint().encode(),
            "team/.pulumi/locks/organization/eros/local/1.json": json.dumps(lock).encode(),
        }
    )
    (holder,) = engine_lock.holders("local", backend.root, lambda: bucket)
    assert (str(holder), holder.is_dead) == ("me@elsewhere (pid 1)", False)
    broken = damage("local", backend.root, lambda: bucket)
    assert broken is not None
    assert broken.time is not None
    broken.put_back()
    assert damage("local", backend.root, lambda: bucket) is None
    assert bucket.content["team/.pulumi/stacks/eros/local.json.broken"] == b""


def test_what_is_left_is_what_the_engine_would_touch(tmp_path, monkeypatch):
    counts = {"same": 5, "create": 3, "read": 1}
    monkeypatch.setattr(
        pulumi_updates, "preview", lambda *_: pulumi_updates.Preview(counts, (), (), ())
    )
    assert repairing.remaining("local", tmp_path) == {"create": 3}
