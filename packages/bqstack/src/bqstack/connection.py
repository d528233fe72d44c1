"""Google's clients of a stack: what a program hands in, or those of its own credentials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from bqstack.target import Target

if TYPE_CHECKING:
    from google.cloud import bigquery
    from google.cloud.bigquery_datatransfer_v1 import DataTransferServiceClient


class Connection(Protocol):
    """Clients of one stack, made when first asked for; UserError where that fails."""

    @property
    def bigquery(self) -> bigquery.Client:
        """BigQuery, in the stack's project and location."""
        ...

    @property
    def transfers(self) -> DataTransferServiceClient:
        """BigQuery Data Transfer."""
        ...

    @property
    def is_local(self) -> bool:
        """Whether this is an emulator, whose dry runs count no bytes."""
        ...


Connect = Callable[[], Connection]


@dataclass
class GoogleCloud:
    """Google's own addresses, with application default credentials."""

    target: Target
    is_local: bool = False

    @cached_property
    def bigquery(self) -> bigquery.Client:
        """BigQuery; raises DefaultCredentialsError without credentials."""
        # Imported late: most runs of a program ask nothing.
        from google.cloud import bigquery

        return bigquery.Client(project=self.target.project, location=self.target.location)

    @cached_property
    def transfers(self) -> DataTransferServiceClient:
        """BigQuery Data Transfer; raises DefaultCredentialsError without credentials."""
        from google.cloud.bigquery_datatransfer_v1 import DataTransferServiceClient

        return DataTransferServiceClient()
