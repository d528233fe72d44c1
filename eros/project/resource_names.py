"""Names that are unique within a Google Cloud project, and how those of a sandbox differ.

A sandbox (`eros:sandbox`) is a stack beside another in the same project. Everything that Google
tells apart by name within the project, or that a person or a filter does, gets its name here.
Without a sandbox every name is what was given.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

# https://cloud.google.com/iam/docs/service-accounts-create
LONGEST_ACCOUNT = 30
# https://cloud.google.com/storage/docs/buckets#naming
LONGEST_BUCKET = 63
# https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names
LONGEST_TOPIC = 255
# https://cloud.google.com/bigquery/docs/datasets#dataset-naming
LONGEST_DATASET = 1024
# https://cloud.google.com/logging/quotas
LONGEST_LOG_BUCKET = 100
_DIGEST = 8
_SANDBOX = re.compile(r"[a-z][a-z0-9]{0,19}")
_STACKS = ("local", "staging", "prod")


def wrong_sandbox_name(name: str) -> str | None:
    """Why a sandbox cannot have this name, or None."""
    if not _SANDBOX.fullmatch(name):
        return "a sandbox's name is a letter, then lower-case letters and digits, at most 20"
    if name in _STACKS:
        return f"{name} is the stack of an environment: choose another name for the sandbox"
    return None


@dataclass(frozen=True)
class ResourceNames:
    """Names of one stack's resources; `sandbox` is None for a stack that is no sandbox."""

    sandbox: str | None = None

    def dataset(self, name: str) -> str:
        """Id of a dataset."""
        return self._suffixed(name, "_", LONGEST_DATASET)

    def bucket(self, name: str) -> str:
        """Name of a bucket."""
        return self._suffixed(name, "-", LONGEST_BUCKET)

    def account(self, name: str) -> str:
        """Id of a service account, the part before the @."""
        return self._suffixed(name, "-", LONGEST_ACCOUNT)

    def topic(self, name: str) -> str:
        """Name of a Pub/Sub topic."""
        return self._suffixed(name, "-", LONGEST_TOPIC)

    def log_bucket(self, name: str) -> str:
        """Id of a log bucket, and of the sink that fills it."""
        return self._suffixed(name, "-", LONGEST_LOG_BUCKET)

    def metric(self, name: str) -> str:
        """Name of a log-based metric or of a log, or a text that ends with its prefix."""
        system, slash, rest = name.partition("/")
        return f"{system}_{self.sandbox}{slash}{rest}" if self.sandbox else name

    def component(self, name: str) -> str:
        """Value of the label `component` by which a log-based metric finds its log entries.

        The audit log is the project's: with the same value a sandbox would open incidents of its
        source stack.
        """
        return f"{name}_{self.sandbox}" if self.sandbox else name

    def title(self, text: str) -> str:
        """A name that people see, and by which `eros` finds what Google gives a number."""
        return f"{text} [{self.sandbox}]" if self.sandbox else text

    @property
    def labels(self) -> dict[str, str]:
        """The label that every resource and job of a sandbox has; none without one."""
        return {"sandbox": self.sandbox} if self.sandbox else {}

    def _suffixed(self, name: str, mark: str, longest: int) -> str:
        if not self.sandbox:
            return name
        whole = f"{name}{mark}{self.sandbox}"
        if len(whole) <= longest:
            return whole
        # What does not fit is told apart by a digest of all of it.
        digest = hashlib.sha256(whole.encode()).hexdigest()[:_DIGEST]
        return f"{whole[: longest - _DIGEST - 1].rstrip('-_.')}{mark}{digest}"
