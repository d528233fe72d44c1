"""Web pages and other people on the machine get no answer from the local cloud's servers."""

from __future__ import annotations

import os
import urllib.error
import urllib.request

import pytest
from google.api_core.exceptions import GoogleAPICallError
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from localgcp.apis.control import TOKEN_HEADER, load_token
from localgcp.errors import LocalCloudError
from localgcp.loopback import refusal
from localgcp.paths import DataFolder
from packages.localgcp.tests.rest_support import PROJECT, emulator, running, server_fixture

__all__ = ["server_fixture"]
PORT = 9050


def request(method: str = "GET", path: str = "/bigquery/v2/projects", **headers: str) -> dict:
    """The ASGI scope of a request that reaches the server's port."""
    named = {"host": f"127.0.0.1:{PORT}", **{k.replace("_", "-"): v for k, v in headers.items()}}
    return {
        "type": "http",
        "method": method,
        "path": path,
        "server": ("127.0.0.1", PORT),
        "headers": [(key.encode(), value.encode()) for key, value in named.items()],
    }


@pytest.mark.parametrize(
    "scope",
    [
        request(),
        request(host=f"localhost:{PORT}"),
        request(host=f"[::1]:{PORT}"),
        request("POST", content_type="application/json"),
        request("POST", content_type="application/json; charset=UTF-8"),
        request("POST", origin=f"http://127.0.0.1:{PORT}", sec_fetch_site="same-origin"),
        request(sec_fetch_site="none"),
        request("POST", "/upload/storage/v1/b/x/o", content_type="text/plain"),
    ],
)
def test_programs_of_this_machine_are_answered(scope):
    assert refusal(scope) is None


@pytest.mark.parametrize(
    "scope",
    [
        request(host="evil.example"),
        request(host=f"evil.example:{PORT}"),
        request(host=f"127.0.0.1.evil.example:{PORT}"),
        request(host=f"127.0.0.1:{PORT + 1}"),
        request(host="127.0.0.1"),
        request(host=f"127.0.0.1:{PORT}x"),
        request(host=""),
        request(origin="http://evil.example"),
        request(origin=f"http://evil.example:{PORT}"),
        request(origin="null"),
        request(origin=f"http://localhost:{PORT + 1}"),
        request(sec_fetch_site="cross-site"),
        request("POST", content_type="text/plain"),
        request("POST", content_type="text/plain;charset=UTF-8"),
        request("POST", content_type="application/x-www-form-urlencoded"),
        request("DELETE", content_type="multipart/form-data; boundary=x"),
    ],
)
def test_web_pages_are_not(scope):
    assert refusal(scope) is not None


def test_a_request_with_two_hosts_is_refused():
    scope = request()
    scope["headers"].append((b"host", b"evil.example"))
    assert refusal(scope) is not None


def status_of(url: str, **headers: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_every_server_asks_for_host_and_origin(server):
    path = f"{server.url}/cloudresourcemanager/v1/projects/{PROJECT}"
    assert status_of(path) == 200
    assert status_of(path, Host="evil.example") == 403
    assert status_of(f"{server.url}/localcloud/clock", Origin="http://evil.example") == 403


def test_bigquery_keeps_within_its_folder(tmp_path):
    """Another Host, an export out of its bucket, and functions of DuckDB that read files."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    with emulator(tmp_path / "cloud") as url:
        assert status_of(f"{url}/bigquery/v2/projects/{PROJECT}/datasets", Host="evil") == 403
        client = bigquery.Client(
            project=PROJECT,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": url},
        )
        inside = tmp_path / "cloud" / "bigquery" / "gcs"
        inside.mkdir(parents=True, exist_ok=True)
        (inside / "linked").symlink_to(outside)
        for uri in (
            f"{outside}/x-*.csv",
            f"file://{outside}/x-*.csv",
            "gs://x/../../../../outside/x-*.csv",
            "gs://../outside/x-*.csv",
            f"gs:///{outside}/x-*.csv",
            "gs://linked/x-*.csv",
        ):
            with pytest.raises(GoogleAPICallError, match="Invalid URI"):
                client.query_and_wait(
                    f"EXPORT DATA OPTIONS (uri = '{uri}', format = 'CSV') AS SELECT 1 AS n"
                )
        for statement in (
            f"SELECT * FROM read_text('{outside}/secret.txt')",
            f"SELECT * FROM read_csv('{outside}/secret.txt')",
            f"SELECT * FROM `{outside}/secret.txt`",
        ):
            with pytest.raises(GoogleAPICallError) as refused:
                client.query_and_wait(statement)
            assert "secret\n" not in str(refused.value)
        assert sorted(outside.iterdir()) == [outside / "secret.txt"]
        client.query_and_wait(
            "EXPORT DATA OPTIONS (uri = 'gs://bucket/x-*.csv', format = 'CSV') AS SELECT 1 AS n"
        )
        assert (inside / "bucket" / "x-000000000000.csv").read_text() == "n\n1\n"
        client.create_dataset("d")
        config = bigquery.LoadJobConfig(autodetect=True, source_format="CSV")
        with pytest.raises(GoogleAPICallError, match="Invalid URI"):
            client.load_table_from_uri(
                f"{outside}/secret.txt", "d.stolen", job_config=config
            ).result()


def test_a_token_is_made_once_and_is_for_its_owner(tmp_path):
    token = load_token(tmp_path)
    assert len(token) > 30
    assert load_token(tmp_path) == token
    [file] = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_clock_is_for_those_with_the_token_only(tmp_path):
    with running(tmp_path, token="right") as server:
        clock = f"{server.url}/localcloud/clock"
        assert status_of(clock) == 403
        assert status_of(clock, **{TOKEN_HEADER: "wrong"}) == 403
        assert status_of(clock, **{TOKEN_HEADER: "right"}) == 200


def test_the_folder_is_for_its_owner(tmp_path):
    folder = DataFolder(tmp_path / "data")
    folder.prepare()
    folders = [folder.root, *(path for path in folder.root.iterdir() if path.is_dir())]
    assert [path for path in folders if path.stat().st_mode & 0o077] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_link_to_somebody_elses_folder_is_refused(tmp_path):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.chown(theirs, 12345, 12345)
    (tmp_path / "data").symlink_to(theirs)
    with pytest.raises(LocalCloudError, match="belongs to user 12345"):
        DataFolder(tmp_path / "data").prepare()
    assert list(theirs.iterdir()) == []
