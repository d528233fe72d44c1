"""Links that leave the project: what is gone fails, what does not answer is named."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from eros.project.settings import PROJECT_ROOT
from tools import outside_links


class Server(BaseHTTPRequestHandler):
    """Answers with the number in the path; `/get/N` with 405 to HEAD."""

    def do_HEAD(self):
        self.answer(405 if "/get/" in self.path else int(self.path.rpartition("/")[2]))

    def do_GET(self):
        self.answer(int(self.path.rpartition("/")[2]))

    def answer(self, code):
        self.send_response(code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        """Nothing."""


@pytest.fixture
def address(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "broken", "text"),
    [
        ("200", False, ""),
        ("get/200", False, ""),
        ("404", True, "HTTP 404"),
        ("get/410", True, "HTTP 410"),
        ("403", False, "HTTP 403"),
        ("503", False, "HTTP 503"),
    ],
)
def test_only_what_is_gone_is_broken(address, path, broken, text):
    assert outside_links.asked(f"{address}/{path}") == (broken, text)


def test_a_server_that_does_not_answer_is_not_broken(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(outside_links, "SECONDS", 2)
    broken, text = outside_links.asked("http://127.0.0.1:9/")
    assert not broken
    assert text.startswith("no connection: ")


@pytest.mark.parametrize(
    ("codes", "code", "last"),
    [
        (["200"], 0, "links: 1 of 1 answered, 0 broken"),
        (["200", "404"], 1, "links: 1 of 2 answered, 1 broken"),
        (["200", "503"], 0, "links: 1 of 2 answered, 0 broken"),
        (["503"], 1, "links: 0 of 1 answered, 0 broken"),
    ],
)
def test_a_broken_link_fails_with_its_document(address, tmp_path, codes, code, last, capsys):
    links = {f"{address}/{number}": tmp_path / "page.md" for number in codes}
    assert outside_links.check(links, tmp_path) == code
    *named, total = capsys.readouterr().out.splitlines()
    assert total == last
    assert all("page.md: http" in line for line in named)
    assert len(named) == sum(number != "200" for number in codes)


def test_links_are_read_outside_of_code_and_once_each(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "[a](https://example.com/a#one) [b](https://example.com/a#two) [c](other.md)\n"
        "<https://example.com/b>\n```\n[d](https://example.com/code)\n```\n"
        "[e](http://localhost:8080/)\n"
    )
    assert outside_links.outside([page]) == {
        "https://example.com/a": page,
        "https://example.com/b": page,
    }


def test_the_documents_have_links_that_are_asked_for():
    found = outside_links.outside(outside_links.documents(PROJECT_ROOT))
    assert len(found) > 50
    assert len(set(found.values())) > 5
