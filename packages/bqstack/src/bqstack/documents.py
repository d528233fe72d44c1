"""Typed documents: a pydantic model over a YAML file, errors that a person can act on."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypedDict, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel

from bqstack import texts
from bqstack.amounts import counted
from bqstack.errors import UserError
from bqstack.unchecked import JsonObject, JsonValue

# More mistakes than that in one file nobody takes in at once.
MOST_PROBLEMS = 10


class DuplicateKey(yaml.constructor.ConstructorError):
    """A mapping has a key twice: YAML allows none, PyYAML takes the last one silently."""


# libyaml's reads ten times as fast; PyYAML built from source may lack it.
class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping of a node; raises DuplicateKey."""
        first: dict[str, yaml.Node] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if (other := first.setdefault(key.value, key)) is not key:
                line = other.start_mark.line + 1
                raise DuplicateKey(
                    None, None, f"{key.value} is already in line {line}", key.start_mark
                )
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


class Section(BaseModel):
    """Base of all documents: camelCase keys, others refused, numbers finite, values frozen."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
    )

    @field_validator("*", mode="before")
    @classmethod
    def _yes_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        """To pydantic `true` is 1, and YAML has many words for it."""
        if isinstance(value, bool) and info.field_name:
            kind = cls.model_fields[info.field_name].annotation
            kinds = {kind, *get_args(kind)}
            if kinds & {int, float} and bool not in kinds:
                raise ValueError("input should be a number")
        return value


def one_of(*choices: tuple[str, ...]) -> ConfigDict:
    """For a model's `model_config`: of each choice's keys the file has exactly one.

    It is part of the JSON schema only; a validator of the model says it to a person.
    """
    rules: list[Any] = [{"oneOf": [{"required": [key]} for key in keys]} for keys in choices]
    return ConfigDict(json_schema_extra={"allOf": rules})


def read_yaml(path: Path, shown: Path | str) -> JsonObject:
    """The mapping in a YAML file; raises UserError that names `shown` and the line."""
    try:
        document = parsed(texts.read(path, shown))
    except yaml.MarkedYAMLError as error:
        raise invalid_yaml(error, shown) from None
    except yaml.YAMLError as error:
        raise UserError(f"not valid YAML: {str(error).splitlines()[0]}", file=shown) from None
    if not isinstance(document or {}, dict):
        raise UserError("the file must hold a mapping", file=shown, line=1)
    return document or {}


def parsed(text: str) -> JsonValue:
    """What a YAML text says, plain values only; raises yaml.YAMLError."""
    loader = _Loader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def invalid_yaml(error: yaml.MarkedYAMLError, shown: Path | str) -> UserError:
    """The error of a text that is no YAML, at the line with the mistake."""
    if isinstance(error, DuplicateKey):
        assert error.problem_mark is not None
        return UserError(
            str(error.problem),
            file=shown,
            line=error.problem_mark.line + 1,
            fix="keep one of them, or give the other its own name",
        )
    # A key without its colon is noticed on the next line only.
    is_key = error.context == "while scanning a simple key"
    mark = error.context_mark if is_key and error.context_mark else error.problem_mark
    return UserError(
        f"not valid YAML: {error.problem}",
        file=shown,
        line=mark.line + 1 if mark else None,
        fix="end a key with a colon and a space, and indent what belongs to it",
    )


def load_document[Model: Section](model: type[Model], path: Path, root: Path) -> Model:
    """The YAML file at `path` as `model`; raises UserError."""
    shown = path.relative_to(root)
    values = read_yaml(path, shown)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise together(
            UserError(
                message(problem),
                file=shown,
                key=written(problem),
                value=shown_value(problem),
                fix=spelling_hint(model, problem["loc"]) if is_unknown_key(problem) else None,
            )
            for problem in problems(error, values)
        ) from None


def line_of(text: str, key: str) -> int | None:
    """Line, from 1, of the deepest part of a dotted key that a YAML text has; None without one.

    A part may itself hold dots, as an address does.
    """
    found = _deepest(text, key)
    return found and found[0].start_mark.line + 1


def written_at(text: str, key: str) -> tuple[int, str] | None:
    """Where a YAML text writes a dotted key, and what of the key it does not write there.

    Keys that an alias repeats (`*name`) are written once, where the anchor (`&name`) is.
    """
    found = _deepest(text, key)
    return found and (found[0].start_mark.index, found[1])


def _deepest(text: str, key: str) -> tuple[yaml.Node, str] | None:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return None
    deepest, rest = None, key.partition(", ")[0]
    while rest and (found := _child(node, rest)) is not None:
        deepest, node, rest = found
    return None if deepest is None else (deepest, rest)


def _child(node: yaml.Node | None, path: str) -> tuple[yaml.Node, yaml.Node, str] | None:
    """The node that says the first part of the path, its value, and the rest of the path."""
    if isinstance(node, yaml.SequenceNode):
        first, _, rest = path.partition(".")
        if first.isdigit() and int(first) < len(node.value):
            item = node.value[int(first)]
            return item, item, rest
    if isinstance(node, yaml.MappingNode):
        for name, value in sorted(node.value, key=lambda pair: -len(str(pair[0].value))):
            if path == name.value or path.startswith(f"{name.value}."):
                return name, value, path[len(name.value) + 1 :]
    return None


class Problem(TypedDict):
    """What pydantic says of one mistake; more than is read here."""

    type: str
    loc: tuple[int | str, ...]
    msg: str
    input: object


def problems(error: ValidationError, values: JsonValue) -> list[Problem]:
    """One problem for each mistake in `values`, in their order, unknown keys first.

    A misspelt key explains the missing one beside it, and of the kinds that a value may have the
    first one speaks for all.
    """
    found: dict[tuple[int | str, ...], Problem] = {}
    for problem in sorted(error.errors(), key=lambda problem: not is_unknown_key(problem)):
        place = _place(problem["loc"], values)
        if problem["type"] == "missing":
            place = (*place, problem["loc"][-1])
            if any(_is_misspelling(other, place) for other in found.values()):
                continue
        known = Problem(type=problem["type"], loc=place, msg=problem["msg"], input=problem["input"])
        found.setdefault(place, known)
    return list(found.values())


def _place(location: tuple[int | str, ...], values: JsonValue) -> tuple[int | str, ...]:
    """As much of a location as the document has; behind it pydantic names kinds of values."""
    current: Any = values
    for depth, part in enumerate(location):
        is_there = (
            part in current
            if isinstance(current, dict)
            else isinstance(current, list) and isinstance(part, int) and part < len(current)
        )
        if not is_there:
            return location[:depth]
        current = current[part]
    return location


def _is_misspelling(other: Problem, missing: tuple[int | str, ...]) -> bool:
    return (
        is_unknown_key(other)
        and other["loc"][:-1] == missing[:-1]
        and bool(get_close_matches(str(other["loc"][-1]), [str(missing[-1])]))
    )


def together(errors: Iterable[UserError]) -> UserError:
    """All mistakes as one error, as many as a person takes in; there must be one."""
    first, *others = errors
    if (left := len(others) - (MOST_PROBLEMS - 1)) > 0:
        del others[MOST_PROBLEMS - 1 :]
        more = f"{counted(left, 'more mistake')}: fix those above to see them"
        others.append(UserError(more, file=first.file))
    return first.with_others(others)


def is_unknown_key(problem: Problem) -> bool:
    """Whether the problem is a key that the model does not have."""
    return problem["type"] == "extra_forbidden"


def message(problem: Problem) -> str:
    """One line for a problem."""
    if is_unknown_key(problem):
        return "unknown key"
    if problem["type"] == "missing":
        return "required, but not set"
    if problem["type"] == "model_type":
        return "input should be a mapping of keys"
    text = problem["msg"].removeprefix("Value error, ")
    return text[0].lower() + text[1:]


def shown_value(problem: Problem) -> object:
    """The offending value, or None where showing it says nothing."""
    value = problem["input"]
    return None if problem["type"] == "missing" or isinstance(value, dict) else value


def dotted(location: tuple[int | str, ...]) -> str:
    """Path of a key as it is written in the file."""
    return ".".join(to_camel(part) if isinstance(part, str) else str(part) for part in location)


def written(problem: Problem) -> str:
    """Path of a problem's key as it is spelt in the file."""
    return ".".join(str(part) for part in problem["loc"])


def spelling_hint(model: type[BaseModel], location: tuple[int | str, ...]) -> str:
    """What to write instead of an unknown key."""
    names = _keys_at(model, location[:-1])
    close = get_close_matches(str(location[-1]), names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known keys: {', '.join(sorted(names))}"


def _keys_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    current: Any = model
    for part in location:
        fields = {f.alias: f for f in getattr(current, "model_fields", {}).values()}
        annotation = fields[dotted((part,))].annotation if dotted((part,)) in fields else current
        arguments = getattr(annotation, "__args__", None)
        current = arguments[-1] if arguments else annotation
    return [f.alias for f in getattr(current, "model_fields", {}).values()]
