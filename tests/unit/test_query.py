"""`eros query`: only reading, bytes first, a limit, three forms."""

import json
from types import SimpleNamespace

import pytest

from bqstack.errors import UserError
from eros.cli import answers
from eros.cli import query as command
from eros.watch import one_select


class Rows(list):
    """Rows with a schema and the number of all."""

    def __init__(self, rows, names, total) -> None:
        super().__init__(SimpleNamespace(values=lambda row=row: row) for row in rows)
        self.schema = [SimpleNamespace(name=name) for name in names]
        self.total_rows = total


class Client:
    """A BigQuery with five rows that says of every statement what `kind` says."""

    def __init__(self, kind="SELECT", bytes_=3 * 2**20) -> None:
        self.kind, self.bytes = kind, bytes_
        self.configs: list = []
        self.asked: list[str] = []

    def query(self, sql, job_config):
        assert job_config.dry_run
        self.configs.append(job_config)
        return SimpleNamespace(statement_type=self.kind, total_bytes_processed=self.bytes)

    def query_and_wait(self, sql, job_config, max_results, wait_timeout):
        self.asked.append(sql)
        self.configs.append(job_config)
        return Rows([(n,) for n in range(5)][:max_results], ["n"], 5)


@pytest.fixture
def client(monkeypatch, settings):
    made = Client()
    made.local = local = [False]
    monkeypatch.setattr(command, "load_stack_file", lambda stack: settings)
    monkeypatch.setattr(
        command,
        "Google",
        lambda settings: SimpleNamespace(settings=settings, bigquery=made, is_local=local[0]),
    )
    return made


def run(sql="SELECT n FROM t", **options):
    given = {"file": None, "out": None, "limit": 100, "dry_run": False, **options}
    command.query(sql, **given)


def test_bytes_come_first_and_are_not_among_the_rows(client, capsys):
    run(output=answers.Format.CSV)
    shown = capsys.readouterr()
    assert shown.err == "reads 3 MiB ($0.00002 on demand; at most 10 GiB)\n"
    assert shown.out == "n\n0\n1\n2\n3\n4\n"


def test_the_local_cloud_is_not_believed_that_nothing_is_read(client, capsys):
    client.local[0], client.bytes = True, 0
    run()
    assert "cannot estimate" in capsys.readouterr().err
    client.kind = "DELETE"
    with pytest.raises(UserError, match="only reads"):
        run()


def test_a_limit_says_what_it_left_out(client, capsys):
    run(limit=2)
    assert capsys.readouterr().out.endswith("2 of 5 rows; --limit 0 fetches all of them\n")
    run(limit=0, output=answers.Format.JSON)
    shown = capsys.readouterr()
    assert [row["n"] for row in json.loads(shown.out)] == [0, 1, 2, 3, 4]
    assert "--limit" not in shown.err
    run(limit=2, output=answers.Format.JSON)
    shown = capsys.readouterr()
    assert len(json.loads(shown.out)) == 2
    assert "2 of 5 rows" in shown.err


def test_tables_need_no_dataset(client, settings):
    run()
    for config in client.configs:
        dataset = config.default_dataset
        assert (dataset.project, dataset.dataset_id) == (settings.project, settings.dataset)


@pytest.mark.parametrize("kind", ["INSERT", "SCRIPT", "DROP_TABLE", "CALL", None])
def test_what_does_not_only_read_is_refused_before_it_runs(client, kind):
    client.kind = kind
    with pytest.raises(UserError, match="only reads"):
        run("DROP TABLE t")
    assert client.asked == []


def test_more_bytes_than_one_job_may_read_are_refused_before_it_runs(client):
    client.bytes = 11 * 2**30
    with pytest.raises(UserError, match=r"11 GiB.*10 GiB"):
        run()
    assert client.asked == []


def test_a_dry_run_runs_nothing(client, capsys):
    run(dry_run=True)
    assert client.asked == []
    assert capsys.readouterr().out == ""


def test_the_statement_comes_from_one_place(client, tmp_path):
    file = tmp_path / "q.sql"
    file.write_text("SELECT 1")
    run(None, file=file)
    assert client.asked == ["SELECT 1"]
    for sql, path in ((None, None), ("SELECT 1", file), (None, tmp_path / "no.sql"), (" ", None)):
        with pytest.raises(UserError):
            run(sql, file=path)


def test_an_answer_that_does_not_come_is_an_error_with_a_fix(settings):
    class Silent(Client):
        def query_and_wait(self, *arguments, **options):
            raise TimeoutError

    with pytest.raises(UserError, match="interactiveTimeoutSeconds"):
        one_select.run(SimpleNamespace(settings=settings, bigquery=Silent()), "SELECT 1", limit=1)
