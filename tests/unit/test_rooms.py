"""Who may import whom (docs/architecture.md)."""

from __future__ import annotations

import ast
import graphlib
import re

import pytest

from dev import rooms_picture
from eros.project.figures import VALUE_METRIC
from eros.project.settings import PROJECT_ROOT

# A room, its folder, and the rooms of ours that it may import; all others are forbidden.
ROOMS = {
    "bqstack": ("packages/bqstack/src", {"gcptypes"}),
    "erosbuilder": ("packages/erosbuilder/src", set()),
    "gcptypes": ("packages/gcptypes/src", set()),
    "localgcp": ("packages/localgcp/src", {"gcptypes"}),
    "eros": (".", {"bqstack", "gcptypes"}),
    "components": (".", {"eros", "bqstack", "gcptypes", "policy"}),
    "policy": (".", {"eros.project", "bqstack", "gcptypes"}),
}
OURS = {*ROOMS, "__main__", "dev", "tests", "tools"}
# What Pulumi runs belongs to the room of the resources.
PROGRAM = "__main__.py"
# Their modules are named after a command, a room of the program or a service of Google.
NAMED_BY_PLACE = (
    "components",
    "dev/bench",
    "eros/cli",
    "packages/localgcp/src/localgcp/apis/services",
    "packages/localgcp/src/localgcp/provider/resources",
    "policy",
)
# Of packages that may not import each other.
IN_EACH_PACKAGE = {"__init__", "__main__", "errors"}


def imported(source: str) -> set[str]:
    """Modules that a source text imports, wherever the statement stands.

    A relative import stays in its own package.
    """
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            # `from eros import google` names a module, `from eros.google import Google` does not.
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if module_file(name) else str(node.module) for name in names}
    return found


def module_file(name: str) -> bool:
    """Whether a dotted name is a module of the project."""
    for folder in {folder for folder, _ in ROOMS.values()}:
        path = PROJECT_ROOT / folder / name.replace(".", "/")
        if path.with_suffix(".py").is_file() or (path / "__init__.py").is_file():
            return True
    return False


def breaches(room: str, files: dict[str, str]) -> dict[str, str]:
    """Forbidden modules that a room imports, each with a module that does.

    `files` are the sources of the room by module name.
    """
    allowed = tuple(f"{one}." for one in {room, *ROOMS[room][1]})
    return {
        name: module
        for module, source in files.items()
        for name in imported(source)
        if name.partition(".")[0] in OURS and not f"{name}.".startswith(allowed)
    }


def sources(room: str) -> dict[str, str]:
    """The modules of a room."""
    folder = PROJECT_ROOT / ROOMS[room][0]
    found = {}
    for file in sorted((folder / room).rglob("*.py")):
        path = file.relative_to(folder).with_suffix("")
        found[".".join(path.parts)] = file.read_text(encoding="utf-8")
    assert found, f"{folder / room} holds no module"
    if room == "components":
        found[PROGRAM] = (PROJECT_ROOT / PROGRAM).read_text(encoding="utf-8")
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_what_it_may(room):
    assert breaches(room, sources(room)) == {}, "docs/architecture.md says who may import whom"


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("bqstack", "from eros.project import settings"),
        ("bqstack", "def late():\n    import localgcp.servers"),
        ("localgcp", "from bqstack.errors import UserError"),
        ("eros", "from components.system import System"),
        ("eros", "from localgcp import ports"),
        ("components", "from dev import sample"),
        ("components", "from erosbuilder import Builder"),
        ("eros", "from policy import pack"),
        ("eros", "import erosbuilder"),
        ("policy", "import tests.unit.conftest"),
        ("policy", "from eros.cloud.google import Google"),
        ("policy", "from eros import cloud"),
        ("policy", "import eros"),
    ],
)
def test_a_forbidden_import_is_found(room, source):
    assert breaches(room, {f"{room}.new": source})


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("eros", "from bqstack.errors import UserError"),
        ("components", "from eros.project import settings"),
        ("localgcp", "from .call import Cloud"),
        ("policy", "from bqstack.analysis import limits"),
        ("policy", "from eros.project.settings import Settings"),
        ("components", "from policy.declared import violations"),
    ],
)
def test_an_allowed_import_is_none(room, source):
    assert not breaches(room, {f"{room}.new": source})


def test_the_library_says_no_word_of_the_product():
    said = [
        f"{file}: {line}"
        for room in ("bqstack", "gcptypes")
        for file, source in sources(room).items()
        for line in source.splitlines()
        # Its messages name no page of ours: programs say where their readers find help.
        if re.search(r"\beros\b|runbook|(?<![\w./-])docs/\w", line, re.I)
    ]
    assert said == []


def test_a_module_name_means_one_thing():
    places: dict[str, list[str]] = {}
    for top in ("dev", "eros", "packages", "tools"):
        for file in (PROJECT_ROOT / top).rglob("*.py"):
            path = file.relative_to(PROJECT_ROOT)
            apart = path.is_relative_to("packages") and {"tests", "examples"} & {*path.parts}
            if not apart and path.parent.as_posix() not in NAMED_BY_PLACE:
                places.setdefault(path.stem, []).append(path.as_posix())
    found = {
        name: sorted(paths)
        for name, paths in places.items()
        if len(paths) > 1 and name not in IN_EACH_PACKAGE
    }
    assert found == {}, "name the newer one by what it holds"


# Of `eros`, from the top.
FLOORS = ("cli", "sandbox", "operations", "watch", "cloud", "project")


@pytest.mark.parametrize(("floor", "above"), [(f, FLOORS[:n]) for n, f in enumerate(FLOORS)])
def test_no_floor_of_the_product_imports_one_above_it(floor, above):
    found = {
        module: name
        for module, source in sources("eros").items()
        if module.startswith(f"eros.{floor}.")
        for name in imported(source)
        if name.startswith(tuple(f"eros.{one}." for one in above))
    }
    assert found == {}


# Beside the floors; each knows itself and the files of the project.
WINGS = ("logs", "reference", "sample")


@pytest.mark.parametrize("wing", WINGS)
def test_a_wing_of_the_product_imports_only_the_project(wing):
    found = {
        module: name
        for module, source in sources("eros").items()
        if f"{module}.".startswith(f"eros.{wing}.")
        for name in imported(source)
        if f"{name}.".startswith("eros.")
        and not f"{name}.".startswith((f"eros.{wing}.", "eros.project."))
    }
    assert found == {}


def test_every_room_of_the_product_has_its_place():
    rooms = {file.parent.name for file in (PROJECT_ROOT / "eros").glob("*/__init__.py")}
    assert rooms == {*FLOORS, *WINGS}, "and say in docs/architecture.md what it may import"


def test_the_picture_of_the_imports_is_the_one_of_the_sources():
    drawn = rooms_picture.picture(rooms_picture.arrows(rooms_picture.imports()))
    assert drawn == rooms_picture.TARGET.read_text(encoding="utf-8"), "python -m dev.rooms_picture"
    assert rooms_picture.ROOMS.keys() == ROOMS.keys()


@pytest.mark.parametrize("room", ROOMS)
def test_no_modules_import_each_other(room):
    found = sources(room)
    graph = {
        module.removesuffix(".__init__"): {
            name for name in imported(source) if f"{name}." != f"{room}." and module_file(name)
        }
        for module, source in found.items()
    }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(f"a circle: {' -> '.join(error.args[1])}")


def test_an_arrow_that_follows_from_others_is_not_drawn():
    direct = {"a": {"b", "c"}, "b": {"c"}, "c": set()}
    assert rooms_picture.arrows(direct) == {("a", "b"), ("b", "c")}
    with pytest.raises(ValueError, match="import each other"):
        rooms_picture.arrows({"a": {"b", "c"}, "b": {"a"}, "c": set()})


def test_every_place_that_the_architecture_names_is_there():
    text = (PROJECT_ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    tops = "components|config|dev|eros|packages|policy|sql|tests|tools"
    named = re.findall(rf"`((?:{tops})/[\w./{{}},-]*)`", text)
    missing = []
    for path in named:
        before, _, rest = path.partition("{")
        choices, _, after = rest.partition("}")
        missing += [
            place
            for choice in choices.split(",")
            if not (PROJECT_ROOT / (place := before + choice + after)).exists()
        ]
    # A metric, not a place.
    assert missing == ["eros/alert_value"]
    assert len(named) > 20


def test_the_architecture_names_every_room_and_component():
    text = (PROJECT_ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    system = ast.parse((PROJECT_ROOT / "components/system.py").read_text(encoding="utf-8"))
    modules = {
        str(node.module).partition(".")[2]: node.names[0].name
        for node in ast.walk(system)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("components.")
    }
    unnamed = [name for name in modules.values() if f"| `{name}`" not in text]
    # The folders of the library and the product, but for those that one row names in braces.
    named = {
        before + choice
        for path in re.findall(r"`((?:dev|eros|packages)/[\w./{}<>,-]*)`", text)
        for before, _, rest in [path.partition("{")]
        for choice in rest.partition("}")[0].split(",")
    }
    for folder in ("eros", "eros/operations", "packages/bqstack/src/bqstack", "dev"):
        for package in sorted((PROJECT_ROOT / folder).glob("*/__init__.py")):
            place = package.parent.relative_to(PROJECT_ROOT).as_posix()
            if not any(f"{one}/".startswith(f"{place}/") for one in named):
                unnamed.append(place)
    assert unnamed == [], "docs/architecture.md: say where it is, and what one may touch"


def test_the_picture_of_a_day_names_what_there_is():
    drawn = (PROJECT_ROOT / "docs/images/architecture-day.svg").read_text(encoding="utf-8")
    objects = {file.stem for file in (PROJECT_ROOT / "sql").rglob("*.sql")}
    shown = set(re.findall(r">(\w+_\w+)</text>", drawn))
    assert len(shown) > 15
    assert shown <= objects
    # Its policies watch the metric with the values, not the one that only counts.
    assert f">{VALUE_METRIC}<" in drawn


def test_no_module_is_longer_than_a_reader_takes_at_once():
    long = {
        file.relative_to(PROJECT_ROOT).as_posix(): lines
        for top in ("components", "dev", "eros", "packages", "policy", "tools")
        for file in (PROJECT_ROOT / top).rglob("*.py")
        if "tests" not in file.parts
        and (lines := len(file.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}, "cut it where it holds two things"
