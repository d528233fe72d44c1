"""Errors in the shape of Google's APIs (google.rpc.Status as JSON)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

# google.rpc.Code name -> (HTTP status, reason word of the older Storage API).
_STATUS = {
    "INVALID_ARGUMENT": (400, "invalid"),
    "FAILED_PRECONDITION": (400, "failedPrecondition"),
    "PERMISSION_DENIED": (403, "forbidden"),
    "NOT_FOUND": (404, "notFound"),
    "ALREADY_EXISTS": (409, "conflict"),
    "ABORTED": (409, "aborted"),
    "CONDITION_NOT_MET": (412, "conditionNotMet"),
    "INTERNAL": (500, "backendError"),
    "UNIMPLEMENTED": (501, "notImplemented"),
}


@dataclass(frozen=True)
class Violation:
    """One wrong field of a request: its path in proto spelling and what is wrong."""

    field: str
    description: str


class ApiError(Exception):
    """An answer other than success; `status` is a google.rpc.Code name."""

    def __init__(self, status: str, message: str, violations: Iterable[Violation] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.violations = tuple(violations)

    @property
    def http_status(self) -> int:
        return _STATUS[self.status][0]

    def body(self, *, storage: bool = False) -> dict[str, Any]:
        """The JSON body; Cloud Storage keeps the older shape with a list of reasons."""
        error: dict[str, Any] = {"code": self.http_status, "message": self.message}
        if storage:
            error["errors"] = [
                {"message": self.message, "domain": "global", "reason": _STATUS[self.status][1]}
            ]
            return {"error": error}
        error["status"] = self.status
        if self.violations:
            error["details"] = [
                {
                    "@type": "type.googleapis.com/google.rpc.BadRequest",
                    "fieldViolations": [
                        {"field": item.field, "description": item.description}
                        for item in self.violations
                    ],
                }
            ]
        return {"error": error}


def invalid(message: str, field: str | None = None) -> ApiError:
    """400 INVALID_ARGUMENT, naming the field when one is to blame."""
    return ApiError("INVALID_ARGUMENT", message, [Violation(field, message)] if field else ())


def precondition(message: str) -> ApiError:
    """400 FAILED_PRECONDITION: the request is fine, the state of the system is not."""
    return ApiError("FAILED_PRECONDITION", message)


def not_found(message: str = "Requested entity was not found.") -> ApiError:
    return ApiError("NOT_FOUND", message)


def already_exists(message: str = "Requested entity already exists") -> ApiError:
    return ApiError("ALREADY_EXISTS", message)


def aborted(message: str) -> ApiError:
    """409 ABORTED: an etag says that somebody else changed the thing meanwhile."""
    return ApiError("ABORTED", message)
