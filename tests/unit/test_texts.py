"""Files as editors, systems and people leave them, in every folder that is read."""

from __future__ import annotations

import shutil

import pytest

from bqstack import texts
from bqstack.errors import UserError
from eros.project import files
from eros.project.project import Project
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import load_stack_file

VIEW = "sql/views/caption_pool.sql"


@pytest.fixture
def project(tmp_path):
    """A copy of what a stack is made from."""
    for name in ("sql", "config"):
        shutil.copytree(PROJECT_ROOT / name, tmp_path / name)
    shutil.copy(PROJECT_ROOT / "Pulumi.local.yaml", tmp_path)
    return tmp_path


def findings(root):
    """What both ways of reading say; they must agree that there is a mistake."""
    settings = load_stack_file("local", root)
    report = files.Reading(settings, root).report
    assert bool(report.findings) is bool(_refused(settings, root)), report.findings
    return report.findings


def _refused(settings, root):
    project = Project(settings, root)
    try:
        for part in ("sql", "dashboards", "schedules"):
            getattr(project, part)
    except UserError as error:
        return error
    return None


@pytest.mark.parametrize(
    "name",
    [".#x.sql", "._x.sql", "x.sql~", "x.sql.orig", "#x.sql#", ".x.sql.swp", ".DS_Store", "x.bak"],
)
@pytest.mark.parametrize("folder", ["sql/views", "sql", "config/dashboards"])
def test_what_editors_leave_behind_is_passed_over(tmp_path, folder, name):
    place = tmp_path / folder
    place.mkdir(parents=True)
    (place / name).write_bytes(b"\x00\xff")
    (place / "__pycache__").mkdir()
    (place / "__pycache__" / "x.pyc").write_bytes(b"\x00")
    assert list(texts.below(tmp_path)) == []


def test_an_emacs_lock_is_a_link_to_nothing_and_passed_over(project):
    (project / "sql" / "views" / ".#x.sql").symlink_to("me@host.4711:1700000000")
    assert findings(project) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sql/views/x (copy).sql", "sql/views/x (copy).sql"),
        ("sql/views/notes.txt", "sql/views/notes.txt"),
        ("sql/notes.md", "sql/notes.md"),
        ("sql/views/deep/x.sql", "sql/views/deep/x.sql"),
        ("config/dashboards/system.yml", "config/dashboards/system.yml"),
        ("config/dashboards/notes.txt", "config/dashboards/notes.txt"),
    ],
)
def test_what_is_visible_and_no_object_is_named(project, name, said):
    file = project / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("CREATE OR REPLACE VIEW x AS SELECT 1\n")
    found = findings(project)
    assert said in {finding.file.as_posix() for finding in found}


def test_a_visible_link_to_nothing_is_named(project):
    (project / "sql" / "views" / "x.sql").symlink_to(project / "nothing.sql")
    [found] = findings(project)
    assert (found.file.as_posix(), found.message) == (
        "sql/views/x.sql",
        "the target of the link does not exist",
    )


@pytest.mark.parametrize("name", [VIEW, "config/alerts.yaml", "config/dashboards/system.yaml"])
def test_a_byte_order_mark_and_crlf_are_no_mistake(project, name):
    file = project / name
    text = file.read_text(encoding="utf-8").replace("\n", "\r\n")
    file.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert findings(project) == []


@pytest.mark.parametrize("name", [VIEW, "config/dashboards/system.yaml", "config/schedules.yaml"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "latin-1"])
def test_another_encoding_is_named(project, name, encoding):
    file = project / name
    file.write_bytes((file.read_text(encoding="utf-8") + "-- ä\n# ä\n").encode(encoding))
    said = {f.message for f in findings(project) if f.file.as_posix() == name}
    wanted = "not UTF-8 text" if encoding == "latin-1" else f"the text is {encoding.upper()}"
    assert any(message.startswith(wanted) for message in said), said
