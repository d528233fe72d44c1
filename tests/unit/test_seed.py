"""A kept data folder is taken for nothing but what it was made from."""

from __future__ import annotations

from pathlib import Path

from tests.sql import seed

FILE = "packages/localgcp/src/localgcp/one.py"


def test_the_name_of_a_folder_changes_with_each_thing_it_is_made_from(tmp_path: Path) -> None:
    def write(path: str, text: str) -> None:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")

    def key(project: str = "p", dataset: str = "d", texts: tuple[str, ...] = ("a", "b")) -> str:
        return seed.key(project, dataset, list(texts), tmp_path)

    write("requirements.txt", "duckdb==1\n")
    write(FILE, "A = 1\n")
    first = key()
    assert key() == first
    found = {
        first,
        key(project="q"),
        key(dataset="e"),
        key(texts=("b", "a")),
        key(texts=("ab",)),
        key(texts=("a", "b", "")),
    }
    write("requirements.txt", "duckdb==2\n")
    found.add(key())
    write("requirements.txt", "duckdb==1\n")
    assert key() == first
    write(FILE, "A = 2\n")
    found.add(key())
    write("packages/localgcp/src/localgcp/two.py", "")
    found.add(key())
    assert len(found) == 9
