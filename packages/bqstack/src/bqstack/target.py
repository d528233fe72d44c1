"""What the library must know of a stack: where its dataset is, and what was decided for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pydantic.alias_generators import to_camel

from bqstack import documents
from bqstack.errors import UserError
from bqstack.unchecked import JsonMapping, JsonObject

_FROM_FILE: dict[str, type] = {
    "project": str,
    "dataset": str,
    "location": str,
    "import_tables": list,
    "adopts_external_tables": bool,
    "allow_loss": list,
}


class Target(Protocol):
    """A stack. A program's own settings can be one, or it makes a `Stack`."""

    @property
    def environment(self) -> str:
        """The stack's name; its values are in `Pulumi.<environment>.yaml`."""
        ...

    @property
    def namespace(self) -> str:
        """What the keys of its values begin with: `<namespace>:allowLoss`."""
        ...

    @property
    def project(self) -> str:
        """Id of the Google Cloud project."""
        ...

    @property
    def dataset(self) -> str:
        """Name of the dataset that holds the objects of sql/."""
        ...

    @property
    def location(self) -> str:
        """Where the dataset is, such as `US` or `europe-west1`."""
        ...

    @property
    def import_tables(self) -> Sequence[str]:
        """Tables of sql/ that exist already and are imported by the first update."""
        ...

    @property
    def adopts_external_tables(self) -> bool:
        """Whether the tables of sql/external_tables exist already and are only referred to."""
        ...

    @property
    def has_local_tables(self) -> bool:
        """Whether the tables of sql/local_tables belong to the stack."""
        ...

    @property
    def allow_loss(self) -> Sequence[str]:
        """What the next update may lose, as the guard's refusal names it."""
        ...

    @property
    def usd_per_tib(self) -> float:
        """On-demand price of a query in US dollars per TiB (2^40 bytes)."""
        ...

    @property
    def calls_per_day(self) -> Mapping[str, float]:
        """How often programs outside call procedures of sql/ in a day, by name."""
        ...

    def template_values(self) -> JsonMapping:
        """The stack's own values, by the names that templates use; what comes from other files
        is given where sql/ is read."""
        ...


@dataclass(frozen=True)
class Stack:
    """A target from plain values; only project and dataset have to be known.

    Templates see project, dataset and location, and `names` besides.
    """

    project: str
    dataset: str
    location: str = "US"
    environment: str = "dev"
    namespace: str = "bqstack"
    import_tables: Sequence[str] = ()
    adopts_external_tables: bool = True
    has_local_tables: bool = False
    allow_loss: Sequence[str] = ()
    usd_per_tib: float = 6.25
    calls_per_day: Mapping[str, float] = field(default_factory=dict)
    names: Callable[[], JsonMapping] = dict

    @classmethod
    def load(cls, root: Path, stack: str, **more: object) -> Stack:
        """The target that `root`/Pulumi.<stack>.yaml states; raises UserError.

        Keys are the fields in camelCase below the project's name: `shop:dataset`,
        `shop:allowLoss`. `more` are fields that the program sets itself.
        """
        namespace = str(documents.read_yaml(root / "Pulumi.yaml", "Pulumi.yaml").get("name", ""))
        file = f"Pulumi.{stack}.yaml"
        config = documents.read_yaml(root / file, file).get("config") or {}
        given = {}
        for name, kind in _FROM_FILE.items():
            key = f"{namespace}:{to_camel(name)}"
            if key not in config:
                continue
            if not isinstance(config[key], kind):
                wanted = {str: "a text", list: "a list", bool: "true or false"}[kind]
                raise UserError(f"not {wanted}", file=file, key=key, value=config[key])
            given[name] = config[key]
        for name in ("project", "dataset"):
            if name not in given and name not in more:
                raise UserError(
                    "a required setting is missing",
                    file=file,
                    key=f"{namespace}:{name}",
                    fix=f"pulumi config set {namespace}:{name} VALUE --stack {stack}",
                )
        values: JsonObject = {"environment": stack, "namespace": namespace, **given, **more}
        return cls(**values)

    def template_values(self) -> JsonMapping:
        """Names that the files of sql/ may use in their templates."""
        place = {"project": self.project, "dataset": self.dataset, "location": self.location}
        return {**place, **self.names()}


def file_of(target: Target) -> str:
    """Name of the file that holds the stack's values."""
    return f"Pulumi.{target.environment}.yaml"
