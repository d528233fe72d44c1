"""The inner loop, `make quick`: lint, types, and the tests that what has changed can break.

A file counts as changed when it differs from where the branch left origin/main (or from BASE,
the one argument), or git does not know it. A unit test counts as touched when it imports a
changed module, directly or not, or names a changed file; the nearest run first. SQL cases are those
of changed objects and changed cases themselves. After a minute the rest is left to `make test`, and
what was left out is said.
"""

from __future__ import annotations

import ast
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from bqstack.amounts import counted

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 60.0
# Where modules are looked for: folder, and the part of the path that is no name of a package.
_SOURCES = (
    ("components", ""),
    ("dev", ""),
    ("eros", ""),
    ("policy", ""),
    ("tools", ""),
    ("tests", ""),
    ("packages/bqstack/src/bqstack", "packages/bqstack/src"),
    ("packages/erosbuilder/src/erosbuilder", "packages/erosbuilder/src"),
    ("packages/gcptypes/src/gcptypes", "packages/gcptypes/src"),
    ("packages/localgcp/src/localgcp", "packages/localgcp/src"),
    ("packages/bqstack/tests", ""),
    ("packages/localgcp/tests", "packages/localgcp"),
)
_TESTS = ("tests/unit/", "packages/bqstack/tests/", "packages/localgcp/tests/")
_READER_OF_SQL = "bqstack.catalogue.loader"
_CASES = Path("tests/sql/cases")
# More are shared out.
_CASES_OF_ONE = 12
_LINT = (
    ("ruff", ("ruff", "check", "--quiet", ".")),
    ("format", ("ruff", "format", "--check", "--quiet", ".")),
    ("prose", (sys.executable, "-m", "tools.prose")),
    ("types", ("mypy", "--no-error-summary")),
)


def changed(base: str | None = None, root: Path = ROOT) -> list[Path]:
    """Files that differ from `base`, relative to the project; deleted ones are among them."""
    if base is None:
        known = _git("merge-base", "HEAD", "origin/main", root=root)
        base = known[0] if known else "HEAD"
    differ = _git("diff", "--name-only", base, root=root)
    new = _git("ls-files", "--others", "--exclude-standard", root=root)
    return [Path(name) for name in sorted({*differ, *new})]


def _git(*arguments: str, root: Path) -> list[str]:
    done = subprocess.run(
        ["git", *arguments], cwd=root, check=False, capture_output=True, text=True
    )
    return done.stdout.splitlines() if done.returncode == 0 else []


def touched(files: Iterable[Path], root: Path = ROOT) -> list[Path]:
    """Unit tests that the files can break, nearest first."""
    files = list(files)
    modules = dict(_modules(root))
    users: dict[str, set[str]] = {}
    texts: dict[str, str] = {}
    for name, path in modules.items():
        texts[name] = (root / path).read_text(encoding="utf-8")
        for used in _used(texts[name], name, path, modules):
            users.setdefault(used, set()).add(name)
    names = {path: name for name, path in modules.items()}
    distance = {names[path]: 0 for path in files if path in names}
    for path in (path for path in files if path.suffix != ".py"):
        readers = [name for name, text in texts.items() if _names(text, path, modules[name])]
        if path.parts[0] == "sql":
            readers.append(_READER_OF_SQL)
        for name in readers:
            distance.setdefault(name, 1)
    _spread(distance, users)
    found = [name for name in distance if _is_test(modules[name])]
    return [modules[name] for name in sorted(found, key=lambda name: (distance[name], name))]


def _spread(distance: dict[str, int], users: Mapping[str, Iterable[str]]) -> None:
    """Give every module that uses one with a distance the next greater one."""
    waiting = sorted(distance, key=distance.__getitem__)
    while waiting:
        name = waiting.pop(0)
        for user in users.get(name, ()):
            if user not in distance:
                distance[user] = distance[name] + 1
                waiting.append(user)


def cases(files: Iterable[Path], root: Path = ROOT) -> list[Path]:
    """SQL cases of changed objects, and changed cases."""
    found: set[Path] = set()
    for path in files:
        if _CASES in path.parents and path.suffix == ".sql":
            found.add(path)
        elif path.parts[0] == "sql" and path.suffix == ".sql":
            folder = root / _CASES / path.stem
            found.update(case.relative_to(root) for case in folder.glob("*.sql"))
    return sorted(path for path in found if (root / path).is_file())


def _modules(root: Path) -> Iterator[tuple[str, Path]]:
    for folder, prefix in _SOURCES:
        for path in sorted((root / folder).rglob("*.py")):
            relative = path.relative_to(root)
            parts = relative.relative_to(prefix).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            yield name, relative
    yield "__main__", Path("__main__.py")


def _used(text: str, name: str, path: Path, modules: Mapping[str, Path]) -> Iterator[str]:
    """Modules that a module imports or, as in a command, names."""
    if _is_test(path):
        folder = name.rpartition(".")[0]
        while folder:
            yield f"{folder}.conftest"
            folder = folder.rpartition(".")[0]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            # Both `-m package` and a path that is run.
            yield from (node.value, f"{node.value}.__main__", node.value.removesuffix(".py"))


def _names(text: str, path: Path, module: Path) -> bool:
    """Whether a module names a file: by its path or name; a test also by what it is about."""
    if path.as_posix() in text or path.name in text:
        return True
    if not _is_test(module):
        return False
    if path.suffix == ".md":
        return '"docs"' in text or "/docs" in text
    return path.suffix == ".sql" and re.search(rf"\b{re.escape(path.stem)}\b", text) is not None


def _is_test(path: Path) -> bool:
    return path.as_posix().startswith(_TESTS) and path.name.startswith("test_")


class Clock:
    """Steps with their seconds, until a minute is over."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._start = time.monotonic()
        self._end = self._start + seconds
        self.left_out: list[str] = []

    def run(self, title: str, command: Sequence[str | Path], *, may_stop: bool = False) -> bool:
        """Run a step; False when it fails. One that `may_stop` is ended when the time is over."""
        begun = time.monotonic()
        if may_stop and begun >= self._end:
            self.left_out.append(title)
            return True
        print(f"{title} ...", flush=True)
        process = subprocess.Popen(command, cwd=ROOT)
        stopped = False
        try:
            code = process.wait(max(1.0, self._end - begun) if may_stop else None)
        except subprocess.TimeoutExpired:
            # Tests stop at their first failure: who is still running has none.
            process.send_signal(signal.SIGINT)
            process.wait()
            code, stopped = 0, True
            self.left_out.append(f"a part of {title}")
        if code == 5:  # pytest found nothing to run
            code = 0
        how = "stopped, out of time" if stopped else "ok" if code == 0 else "FAILED"
        print(f"{title}: {how}, {time.monotonic() - begun:.1f} s", flush=True)
        return code == 0

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._start


def main() -> int:
    """The exit code: 0 when nothing that ran has failed."""
    clock = Clock()
    files = changed(sys.argv[1] if len(sys.argv) > 1 else None)
    print(f"{len(files)} changed files")
    passed = True
    for title, lint in _LINT:
        passed &= clock.run(title, lint)
    pytest = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "2"]
    if found := cases(files):
        nodes = [f"tests/sql/test_cases.py::test_case[{p.parent.name}/{p.stem}]" for p in found]
        # Each process has an emulator of its own, which takes longer to start than a case to run.
        spread = [*pytest, "--dist", "worksteal"] if len(nodes) > _CASES_OF_ONE else pytest[:-2]
        command = [*spread, *nodes]
        passed &= clock.run(f"{len(found)} SQL cases", command, may_stop=True)
    if tests := touched(files):
        command = [*pytest, "--dist", "loadfile", "--no-loadscope-reorder", *map(str, tests)]
        passed &= clock.run(f"unit tests in {counted(len(tests), 'file')}", command, may_stop=True)
    if clock.left_out:
        print(f"not run, out of time: {', '.join(clock.left_out)}; make test runs all")
    print(f"quick: {'clean' if passed else 'FAILED'}, {clock.seconds:.0f} s")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
