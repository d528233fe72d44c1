"""Who may do what: nobody unknown, no role wider than necessary, no keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from bqstack.policy.rule import Resource, Rule
from gcptypes.records import ACCOUNT_KEY, DATASET, DATASET_ACCESS, PROJECT_BINDING, PROJECT_GRANT

_PUBLIC = frozenset({"allUsers", "allAuthenticatedUsers"})
_BASIC = frozenset(
    f"roles/{name}" for name in ("owner", "editor", "viewer", "writer", "reader", "admin")
)
# Project-wide, each of these makes its holder any service account of the project.
_IMPERSONATING = frozenset(
    f"roles/{name}"
    for name in (
        "iam.securityAdmin",
        "iam.serviceAccountAdmin",
        "iam.serviceAccountKeyAdmin",
        "iam.serviceAccountTokenCreator",
        "iam.serviceAccountUser",
        "iam.workloadIdentityUser",
        "deploymentmanager.editor",
        "cloudbuild.builds.editor",
    )
)
_DEFAULT_ACCOUNTS = ("-compute@developer.gserviceaccount.com", "@appspot.gserviceaccount.com")
# Accounts that Google runs its services as; each has one role on the whole project by design.
_SERVICE_AGENT = re.compile(
    r"^serviceAccount:service-\w+@gcp-sa-[\w-]+\.iam\.gserviceaccount\.com$"
)
PROJECT_ROLES = frozenset(
    {
        # Jobs are a project's, and so is their list, which the health queries read.
        "roles/bigquery.jobUser",
        "roles/bigquery.resourceViewer",
        # Operators of backups make datasets of their own to verify and restore in.
        "roles/bigquery.user",
        # What the operator's command and dashboards read.
        "roles/logging.viewer",
        "roles/monitoring.viewer",
        "roles/monitoring.metricWriter",
        "roles/logging.logWriter",
    }
)
"""Roles that may be granted on the whole project; anything else has a narrower place."""


def _members(grant: Resource) -> list[str]:
    props = grant.props
    one = props.get("member")
    return [*([one] if one else []), *(props.get("members") or [])]


def _public_member(grant: Resource) -> Iterator[str]:
    if not grant.props.get("role"):
        return
    for member in _members(grant):
        if member in _PUBLIC:
            yield f"{member} is granted {grant.props['role']}"


def _public_dataset(resource: Resource) -> Iterator[str]:
    inline = resource.resource_type == DATASET
    entries = resource.props.get("accesses") or [] if inline else [resource.props]
    for entry in entries:
        yield from _public_entry(entry)


def _public_entry(entry: Mapping[str, Any]) -> Iterator[str]:
    for key in ("specialGroup", "iamMember", "groupByEmail", "domain"):
        value = entry.get(key)
        if value in _PUBLIC:
            yield f"{key} {value} can use the dataset"


def _basic_role(resource: Resource) -> Iterator[str]:
    role = resource.props.get("role")
    if role in _BASIC:
        yield f"{role} is a basic role"


def _impersonation(grant: Resource) -> Iterator[str]:
    role = grant.props.get("role")
    if role in _IMPERSONATING:
        yield f"{role} on the project covers every service account in it"


def _account_admin(grant: Resource) -> Iterator[str]:
    role = grant.props.get("role") or ""
    wide = grant.resource_type in (PROJECT_GRANT, PROJECT_BINDING)
    # On one bucket or dataset an object admin is who writes objects, an admin who sets grants.
    if not role.lower().endswith("admin" if wide else ".admin"):
        return
    for member in _members(grant):
        if member.startswith("serviceAccount:"):
            yield f"service account {member.partition(':')[2]} is granted {role}"


def _default_account(grant: Resource) -> Iterator[str]:
    if not grant.props.get("role"):
        return
    for member in _members(grant):
        if member.startswith("serviceAccount:") and member.endswith(_DEFAULT_ACCOUNTS):
            yield f"{member.partition(':')[2]} is one of Google's default accounts"


def _wide_role(grant: Resource) -> Iterator[str]:
    role = grant.props.get("role") or ""
    agents = all(_SERVICE_AGENT.search(member) for member in _members(grant))
    if role.endswith(".serviceAgent") and agents:
        return
    if role and role not in PROJECT_ROLES:
        yield f"{role} is granted on the whole project"


def _authoritative(resource: Resource) -> Iterator[str]:
    if resource.resource_type.lower().endswith(("iampolicy", "iambinding")):
        yield "an IAM policy or binding removes every grant that it does not name"


def _inline_access(dataset: Resource) -> Iterator[str]:
    if dataset.props.get("accesses"):
        yield "`accesses` removes every grant that it does not name"


def _account_key(key: Resource) -> Iterator[str]:
    yield f"{key.name} is a service account key: a password that never expires"


RULES = (
    Rule(
        id="dataset-not-public",
        title="A dataset is open only to known people and accounts",
        references=("CIS 7.1", "CKV_GCP_15", "CKV_GCP_100", "Trivy GCP-0046"),
        url="https://cloud.google.com/bigquery/docs/dataset-access-controls",
        fix="grant to a group or a service account",
        severity=Severity.CRITICAL,
        on=(DATASET, DATASET_ACCESS),
        check=_public_dataset,
    ),
    Rule(
        id="grant-not-public",
        title="Nothing is granted to the public",
        references=("CIS 5.1", "CIS 7.1", "CKV_GCP_28", "CKV_GCP_100"),
        url="https://cloud.google.com/iam/docs/overview#all-users",
        fix="name the group or the service account that needs it",
        severity=Severity.CRITICAL,
        check=_public_member,
    ),
    Rule(
        id="no-basic-role",
        title="No basic role is granted",
        references=("CKV_GCP_49", "CKV_GCP_117"),
        url="https://cloud.google.com/iam/docs/roles-overview#basic",
        fix="grant the predefined role of the task, on the dataset, bucket or topic",
        severity=Severity.HIGH,
        check=_basic_role,
    ),
    Rule(
        id="no-project-wide-impersonation",
        title="Nobody may act as every service account of the project",
        references=("CIS 1.6", "CKV_GCP_41", "CKV_GCP_49"),
        url="https://cloud.google.com/iam/docs/service-account-permissions",
        fix="grant it on the service account that needs it",
        severity=Severity.HIGH,
        on=(PROJECT_GRANT, PROJECT_BINDING),
        check=_impersonation,
    ),
    Rule(
        id="service-account-not-admin",
        title="No service account has an administrator role",
        references=("CIS 1.5", "CKV_GCP_42"),
        url="https://cloud.google.com/iam/docs/best-practices-service-accounts",
        fix="grant the role that reads or writes what the account works on",
        severity=Severity.HIGH,
        check=_account_admin,
    ),
    Rule(
        id="no-default-service-account",
        title="Google's default service accounts are not used",
        references=("CKV_GCP_46",),
        url="https://cloud.google.com/iam/docs/service-account-types#default",
        fix="create a service account for the task",
        severity=Severity.MEDIUM,
        check=_default_account,
    ),
    Rule(
        id="least-privilege-on-project",
        title="Only the listed roles are granted on the whole project",
        references=("CKV_GCP_49",),
        url="https://cloud.google.com/bigquery/docs/access-control",
        fix="grant it on the dataset, bucket, topic or account, or list it in policy/access.py",
        severity=Severity.HIGH,
        on=(PROJECT_GRANT, PROJECT_BINDING),
        check=_wide_role,
    ),
    Rule(
        id="grants-are-additive",
        title="A grant adds to existing grants and removes none",
        url="https://cloud.google.com/iam/docs/policies#authoritative",
        fix="use the IAMMember of the resource",
        severity=Severity.HIGH,
        check=_authoritative,
    ),
    Rule(
        id="dataset-access-is-additive",
        title="Access to a dataset adds to existing access and removes none",
        url="https://cloud.google.com/bigquery/docs/control-access-to-resources-iam",
        fix="use DatasetIamMember, one per grant",
        severity=Severity.HIGH,
        on=(DATASET,),
        check=_inline_access,
    ),
    Rule(
        id="no-service-account-key",
        title="No service account has a key",
        references=("CIS 1.4",),
        url="https://cloud.google.com/iam/docs/best-practices-for-managing-service-account-keys",
        fix="use workload identity federation or impersonation",
        severity=Severity.CRITICAL,
        on=(ACCOUNT_KEY,),
        check=_account_key,
    ),
)
