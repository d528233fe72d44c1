"""Row access policies as Google has them.

local-bigquery 0.4.0 filters what a query reads and serves the REST resource. Missing are names
whose parts are quoted one by one, and everything but queries: on Google a copy, a snapshot, a DML
statement and `tabledata.list` need access to all rows, which a policy with the filter TRUE gives;
a copy takes the policies along, and the columns of a table with policies can be neither dropped nor
renamed.
https://cloud.google.com/bigquery/docs/using-row-level-security-with-features
https://cloud.google.com/bigquery/docs/row-level-security-intro#limitations
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from local_bigquery.api import paginate
from local_bigquery.catalog import iam, metadata, names, row_access, tabledata, tables
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import copy as copy_job
from local_bigquery.jobs import query, runner
from local_bigquery.models import (
    ListRowAccessPoliciesResponse,
    Policy,
    RowAccessPolicy,
    TestIamPermissionsRequest,
    TestIamPermissionsResponse,
)
from sqlglot import exp

from localgcp.bigquery import routes

Path = tuple[str, str, str]

_ROLE = "roles/bigquery.filteredDataViewer"
_READ = "bigquery.rowAccessPolicies.getFilteredData"
_COLLECTION = "/projects/{project_id}/datasets/{dataset_id}/tables/{table_id}/rowAccessPolicies"
_NAME = r"(?:`[^`]+`|[\w-]+)(?:\.(?:`[^`]+`|[\w-]+))*"
_CREATE = re.compile(
    rf"(OR\s+REPLACE\s+)?ROW\s+ACCESS\s+POLICY\s+(IF\s+NOT\s+EXISTS\s+)?({_NAME})\s+ON\s+({_NAME})"
    r"(?:\s+GRANT\s+TO\s*\((.*?)\))?\s+FILTER\s+USING\s*\((.*)\)\s*;?\s*",
    re.IGNORECASE | re.DOTALL,
)
_DROP = re.compile(
    rf"(?:(ALL)\s+ROW\s+ACCESS\s+POLICIES|ROW\s+ACCESS\s+POLICY\s+(IF\s+EXISTS\s+)?({_NAME}))"
    rf"\s+ON\s+({_NAME})\s*;?\s*",
    re.IGNORECASE,
)
_POLICY_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,255}")
_DML = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.TruncateTable)

_save, _rename, _forget = row_access.save, tables.rename, tables.forget


def install() -> None:
    """Put Google's rules into statements, REST calls and jobs."""
    row_access.CREATE, row_access.DROP = _Whole(_CREATE), _Whole(_DROP)
    row_access.table = _table
    row_access.save = save
    tables.rename, tables.forget = rename, forget
    query._run = _guarded(query._run)
    copy_job.run = runner.HANDLERS["copy"] = _copying(copy_job.run)
    tabledata.list_rows = _listing(tabledata.list_rows)
    iam.get = _bindings(iam.get)
    routes.add("POST", "/{resource:path}:testIamPermissions", test_permissions)
    routes.add("GET", f"{_COLLECTION}/{{policy_id}}", get)
    routes.add("GET", _COLLECTION, list_)


class _Whole:
    """A pattern that has to match the whole statement."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern

    def match(self, text: str) -> _Unquoted | None:
        found = self._pattern.fullmatch(text)
        return _Unquoted(found) if found else None


class _Unquoted:
    """The groups of a match, the policy's name without backticks."""

    def __init__(self, found: re.Match[str]) -> None:
        self._groups = [text and text.strip() for text in found.groups()]

    def groups(self) -> tuple[str | None, ...]:
        replaced = list(self._groups)
        if replaced[2]:
            replaced[2] = replaced[2].strip("`")
        return tuple(replaced)


def _table(name: str, project_id: str, dataset_id: str | None) -> tuple[str, ...]:
    parts = name.replace("`", "").split(".")
    return (*[project_id, dataset_id or ""][: 3 - len(parts)], *parts)


def save(
    project_id: str, dataset_id: str, table_id: str, body: RowAccessPolicy, replace: bool = False
) -> RowAccessPolicy:
    """`rowAccessPolicies.insert` and its like; raises BigQueryError for what Google refuses."""
    policy_id = (body.rowAccessPolicyReference and body.rowAccessPolicyReference.policyId) or ""
    if not _POLICY_NAME.fullmatch(policy_id):
        raise BigQueryError(
            "invalid",
            f'Invalid row access policy name "{policy_id}": at most 256 letters, digits and'
            " underscores, beginning with a letter.",
        )
    table = tables.load(project_id, dataset_id, table_id)
    label = names.label(project_id, dataset_id, table_id)
    if table.type != "TABLE":
        raise BigQueryError("invalid", f"Row access policies are not supported on {label}.")
    condition = body.filterPredicate or ""
    words = {word.casefold() for word in re.findall(r"\w+", condition)}
    for field in tables.fields(table):
        if field.type == "JSON" and (field.name or "").casefold() in words:
            raise BigQueryError(
                "invalid", f"Row access policies are not supported on JSON column {field.name}."
            )
    return _save(project_id, dataset_id, table_id, body, replace)


def policies(path: Path) -> list[RowAccessPolicy]:
    """The policies of a table; none for what is no permanent table."""
    return metadata.list_(RowAccessPolicy, *path) if path in row_access.secured() else []


def sees_all(path: Path) -> bool:
    """Whether the caller may read every row: there is no policy, or one with TRUE that names it."""
    found = policies(path)
    return not found or any(
        (policy.filterPredicate or "").strip().upper() == "TRUE" and _is_granted(policy)
        for policy in found
    )


def _is_granted(policy: RowAccessPolicy) -> bool:
    identity = row_access.members()
    return any(row_access._grants(grantee, identity) for grantee in policy.grantees or [])


def require_all(path: Path, what: str) -> None:
    """Raise BigQueryError unless the caller may read every row of the table."""
    if not sees_all(path):
        listed = ", ".join(_id(policy) for policy in policies(path))
        raise BigQueryError(
            "accessDenied",
            f"Access Denied: Table {names.label(*path)}: {what} needs TRUE filter access to the"
            f" table, which has row access policies: {listed}.",
        )


def _id(policy: RowAccessPolicy) -> str:
    reference = policy.rowAccessPolicyReference
    return (reference and reference.policyId) or ""


# What happens to a table ----------------------------------------------------------------


def rename(project_id: str, dataset_id: str, table_id: str, new_id: str) -> None:
    """Renaming keeps the policies."""
    kept = policies((project_id, dataset_id, table_id))
    _rename(project_id, dataset_id, table_id, new_id)
    _carry(kept, (project_id, dataset_id, new_id))


def forget(project_id: str, dataset_id: str, table_id: str) -> None:
    """A table that goes takes its policies along."""
    _forget(project_id, dataset_id, table_id)
    metadata.delete(RowAccessPolicy, project_id, dataset_id, table_id)


def _carry(found: list[RowAccessPolicy], target: Path) -> None:
    metadata.delete(RowAccessPolicy, *target)
    for policy in found:
        reference = {"projectId": target[0], "datasetId": target[1], "tableId": target[2]}
        moved = policy.replace(
            rowAccessPolicyReference={**reference, "policyId": _id(policy)},
            creationTime=metadata.now(),
            lastModifiedTime=metadata.now(),
        )
        metadata.save(moved, *target, _id(policy))


# Statements and jobs --------------------------------------------------------------------


def _guarded(run: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(cur: Any, tree: exp.Expression, context: Any, *rest: Any) -> Any:
        source = None
        if row_access.secured():
            source = _check(tree, context)
        result = run(cur, tree, context, *rest)
        if source is not None and not _is_dry(rest):
            target = names.target(tree)
            if target is not None:
                _carry(policies(source), _path(target, context))
        return result

    return guarded


def _is_dry(rest: tuple[Any, ...]) -> bool:
    # query._run(cur, tree, context, destination, config, dry_run, isolated)
    return len(rest) > 2 and bool(rest[2])


def _check(tree: exp.Expression, context: Any) -> Path | None:
    """Refuse what a policy forbids; the source of a clone or snapshot, which hands them on."""
    target = names.target(tree)
    if target is None:
        return None
    path = _path(target, context)
    if isinstance(tree, _DML):
        require_all(path, "DML")
    elif isinstance(tree, exp.Alter) and policies(path):
        for action in tree.args.get("actions") or []:
            dropped = isinstance(action, exp.Drop) and action.args.get("kind") == "COLUMN"
            if dropped or isinstance(action, exp.RenameColumn):
                raise BigQueryError(
                    "invalidQuery",
                    f"Columns of table {names.label(*path)} can be neither dropped nor renamed:"
                    " it has row access policies.",
                )
    elif isinstance(tree, exp.Create) and (clone := tree.args.get("clone")):
        source = clone.this if isinstance(clone.this, exp.Table) else clone.find(exp.Table)
        if source is not None:
            found = _path(source, context)
            require_all(found, "a copy")
            return found
    return None


def _path(table: exp.Table, context: Any) -> Path:
    project, dataset, name = names.reference(table, context.project_id, context.dataset_id)
    return project, dataset or "", name


def _copying(run: Callable[..., Any]) -> Callable[..., Any]:
    def copied(cur: Any, config: Any, upload: str | None) -> Any:
        sources = [
            tables.reference(source) for source in config.sourceTables or [config.sourceTable]
        ]
        for project, dataset, name in sources:
            # A decorator names a moment of the same table.
            require_all((project, dataset, name.partition("@")[0]), "a copy")
        target = tables.reference(config.destinationTable)
        kept = policies(target) if config.writeDisposition == "WRITE_APPEND" else []
        given = {_id(policy): policy for source in sources for policy in policies(source)}
        result = run(cur, config, upload)
        if row_access.secured():
            _carry([*kept, *given.values()], target)
        return result

    return copied


def _listing(list_: Callable[..., Any]) -> Callable[..., Any]:
    def listed(project_id: str, dataset_id: str, table_id: str, *rest: Any, **options: Any) -> Any:
        require_all((project_id, dataset_id, table_id), "tabledata.list")
        return list_(project_id, dataset_id, table_id, *rest, **options)

    return listed


# IAM of a policy ------------------------------------------------------------------------


def _policy(resource: str) -> RowAccessPolicy | None:
    match resource.split("/"):
        case ["projects", project, "datasets", dataset, "tables", table, _, policy_id]:
            return metadata.load(RowAccessPolicy, project, dataset, table, policy_id)
    return None


def _bindings(get: Callable[[str], Policy]) -> Callable[[str], Policy]:
    """Who a policy was granted to has the role of those who see its rows."""

    def policy_of(resource: str) -> Policy:
        found, policy = get(resource), _policy(resource)
        if policy is None or found.bindings or not policy.grantees:
            return found
        return found.replace(bindings=[{"role": _ROLE, "members": policy.grantees}])

    return policy_of


def test_permissions(resource: str, body: TestIamPermissionsRequest) -> TestIamPermissionsResponse:
    """Everything is allowed here, but the rows of a policy that does not name the caller."""
    iam.get(resource)
    policy = _policy(resource)
    asked = list(body.permissions or [])
    if policy is not None and not _is_granted(policy):
        asked = [name for name in asked if name != _READ]
    return TestIamPermissionsResponse(permissions=asked)


def get(project_id: str, dataset_id: str, table_id: str, policy_id: str) -> RowAccessPolicy:
    """`rowAccessPolicies.get`; its grantees are input only."""
    return row_access.get(project_id, dataset_id, table_id, policy_id).without("grantees")


def list_(
    project_id: str,
    dataset_id: str,
    table_id: str,
    pageSize: int | None = None,
    pageToken: str | None = None,
) -> ListRowAccessPoliciesResponse:
    """`rowAccessPolicies.list`."""
    found = [one.without("grantees") for one in row_access.list_(project_id, dataset_id, table_id)]
    page, token = paginate(found, pageSize, pageToken)
    return ListRowAccessPoliciesResponse(rowAccessPolicies=page, nextPageToken=token)
