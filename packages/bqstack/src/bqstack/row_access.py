"""Row access policies: whether a caller sees every row of a table.

A query gives the rows of the policies that name the caller, without a word of the others; who
copies or compares a table has to know. All rows are seen by whom a policy with the filter TRUE
names, and by everybody where there is no policy. A policy's grantees have the permission
`getFilteredData` on it.
https://cloud.google.com/bigquery/docs/using-row-level-security-with-features#the_true_filter
https://cloud.google.com/bigquery/docs/managing-row-level-security
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bqstack import bigquery_rest

if TYPE_CHECKING:
    from google.cloud import bigquery

_READ = "bigquery.rowAccessPolicies.getFilteredData"


def policies(client: bigquery.Client, project: str, dataset: str, table: str) -> dict[str, str]:
    """Name of each policy of a table to its filter; raises GoogleAPICallError."""
    path = f"{_table(project, dataset, table)}/rowAccessPolicies"
    found: dict[str, str] = {}
    token = None
    while True:
        answer = bigquery_rest.ask(client, "GET", path, {"pageToken": token} if token else {})
        for policy in answer.get("rowAccessPolicies", ()):
            name = policy["rowAccessPolicyReference"]["policyId"]
            found[name] = policy.get("filterPredicate", "")
        token = answer.get("nextPageToken")
        if not token:
            return found


def hiding(client: bigquery.Client, project: str, dataset: str, table: str) -> list[str]:
    """Names of the policies that keep rows from the caller; empty when it sees every row.

    Raises GoogleAPICallError.
    """
    found = policies(client, project, dataset, table)
    for name, condition in found.items():
        if condition.strip("() ;\n").upper() == "TRUE":
            path = f"{_table(project, dataset, table)}/rowAccessPolicies/{name}"
            body = {"permissions": [_READ]}
            answer = bigquery_rest.ask(client, "POST", f"{path}:testIamPermissions", {}, body)
            if _READ in answer.get("permissions", ()):
                return []
    return sorted(found)


def _table(project: str, dataset: str, table: str) -> str:
    return f"/projects/{project}/datasets/{dataset}/tables/{table}"
