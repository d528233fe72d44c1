"""Single members of roles, on projects, service accounts, topics, buckets and datasets.

Each is a read, a change and a write of the resource's whole policy. Two at once would
undo each other, so changes of one policy wait for each other here, and a write that
Google refuses because of another writer's etag is done again on the newer policy.
"""

import threading
import time
from abc import ABC, abstractmethod
from collections import defaultdict
from typing import Any, ClassVar

from gcptypes import records

from ..cloud_calls import AnswerLost, ApiError, Cloud, is_unsettled, pauses
from ..input_changes import Change
from ..resource import Properties, Resource
from . import bigquery, project, pubsub, storage

Policy = dict[str, Any]

POLICY_VERSION = 3
CONFLICT_STATUSES = (409, 412)

_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
_locks_guard = threading.Lock()


def _lock(name: str) -> threading.Lock:
    with _locks_guard:
        return _locks[name]


class IamMember(Resource, ABC):
    """One member of one role on one resource; `parent` names the resource."""

    computed = {"etag": "string"}
    # The inputs that name the resource.
    parent_inputs: ClassVar[tuple[str, ...]]

    @abstractmethod
    def parent(self, inputs: Properties) -> str:
        """The id of the resource whose policy this is."""

    @abstractmethod
    def get_policy(self, cloud: Cloud, parent: str) -> Policy:
        """The policy as it is now."""

    @abstractmethod
    def set_policy(self, cloud: Cloud, parent: str, policy: Policy) -> None:
        """Write the whole policy."""

    def id_of(self, inputs: Properties, _answer: Properties) -> str:
        parts = [self.parent(inputs), inputs["role"], inputs["member"]]
        condition = inputs.get("condition")
        if condition:
            parts += [condition.get(key, "") for key in ("title", "description", "expression")]
        return "/".join(parts)

    def key_of(self, resource_id: str) -> Properties:
        return {}

    def import_key(self, text: str) -> Properties:
        """The inputs in an import id: `RESOURCE ROLE MEMBER`."""
        parts = text.split(" ")
        if len(parts) != 3:
            raise ValueError(f"import id {text!r} is not of the form `RESOURCE ROLE MEMBER`")
        return {**self.parent_key(parts[0]), "role": parts[1], "member": parts[2]}

    @abstractmethod
    def parent_key(self, parent: str) -> Properties:
        """The inputs that the id of the resource stands for."""

    def create(self, cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
        self._change(cloud, inputs, add=True)
        answer = self.read(cloud, "", inputs)
        if answer is None:
            raise ValueError(
                f"{inputs['member']} is not in {inputs['role']} of {self.parent(inputs)}"
                " after it was added"
            )
        return self.id_of(inputs, answer), answer

    def read(self, cloud: Cloud, resource_id: str, state: Properties) -> Properties | None:
        key = state if "member" in state else self.import_key(resource_id)
        try:
            policy = self.get_policy(cloud, self.parent(key))
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        if not any(_holds(binding, key) for binding in policy.get("bindings", [])):
            return None
        names = ("role", "member", "condition", *self.parent_inputs)
        return {name: key[name] for name in names if name in key} | {"etag": policy.get("etag")}

    def replaces(self, change: Change, old: Properties, new: Properties) -> bool:
        return True  # a membership has nothing to change but what it is

    def delete(self, cloud: Cloud, resource_id: str, state: Properties) -> None:
        try:
            self._change(cloud, state, add=False)
        except ApiError as error:
            if error.status != 404:
                raise

    def _change(self, cloud: Cloud, inputs: Properties, *, add: bool) -> None:
        parent = self.parent(inputs)
        with _lock(f"{self.token} {parent}"):
            tries = pauses()
            while True:
                policy = self.get_policy(cloud, parent)
                if not _edit(policy, inputs, add=add):
                    return
                try:
                    self.set_policy(cloud, parent, policy)
                    return
                except (AnswerLost, ApiError) as error:
                    conflict = isinstance(error, ApiError) and error.status in CONFLICT_STATUSES
                    # After a lost answer the policy itself says whether it was written.
                    pause = next(tries, None) if conflict or is_unsettled(error) else None
                    if pause is None:
                        raise
                    time.sleep(pause)


def _holds(binding: dict[str, Any], inputs: Properties) -> bool:
    return _is_binding_of(binding, inputs) and inputs["member"] in binding.get("members", [])


def _is_binding_of(binding: dict[str, Any], inputs: Properties) -> bool:
    same_condition = (binding.get("condition") or {}) == (inputs.get("condition") or {})
    return binding.get("role") == inputs["role"] and same_condition


def _edit(policy: Policy, inputs: Properties, *, add: bool) -> bool:
    """Add the member to, or take it out of, the policy; whether that changed anything."""
    bindings = policy.setdefault("bindings", [])
    held = [binding for binding in bindings if _holds(binding, inputs)]
    if bool(held) is add:
        return False
    if not add:
        for binding in held:
            binding["members"].remove(inputs["member"])
        policy["bindings"] = [binding for binding in bindings if binding["members"]]
        return True
    target = next((item for item in bindings if _is_binding_of(item, inputs)), None)
    if target is None:
        target = {"role": inputs["role"], "members": []}
        if inputs.get("condition"):
            target["condition"] = inputs["condition"]
        bindings.append(target)
    target["members"].append(inputs["member"])
    return True


def _versioned(policy: Policy) -> Policy:
    return {**policy, "version": POLICY_VERSION}


class ProjectIamMember(IamMember):
    """https://cloud.google.com/resource-manager/reference/rest/v1/projects/setIamPolicy"""

    token = records.PROJECT_GRANT
    endpoint = project.RESOURCE_MANAGER
    parent_inputs = ("project",)

    def parent(self, inputs: Properties) -> str:
        return inputs["project"].removeprefix("projects/")

    def parent_key(self, parent: str) -> Properties:
        return {"project": parent}

    def get_policy(self, cloud: Cloud, parent: str) -> Policy:
        body = {"options": {"requestedPolicyVersion": POLICY_VERSION}}
        path = f"projects/{parent}:getIamPolicy"
        return cloud.call("POST", self.endpoint, path, body=body, repeatable=True)

    def set_policy(self, cloud: Cloud, parent: str, policy: Policy) -> None:
        body = {"policy": _versioned(policy), "updateMask": "bindings,etag,auditConfigs"}
        cloud.call("POST", self.endpoint, f"projects/{parent}:setIamPolicy", body=body)


class ServiceAccountIamMember(IamMember):
    """https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/setIamPolicy"""

    token = records.ACCOUNT_GRANT
    endpoint = project.IAM
    parent_inputs = ("serviceAccountId",)

    def parent(self, inputs: Properties) -> str:
        return inputs["serviceAccountId"]

    def parent_key(self, parent: str) -> Properties:
        return {"serviceAccountId": parent}

    def get_policy(self, cloud: Cloud, parent: str) -> Policy:
        query = {"options.requestedPolicyVersion": POLICY_VERSION}
        path = f"{parent}:getIamPolicy"
        return cloud.call("POST", self.endpoint, path, query=query, repeatable=True)

    def set_policy(self, cloud: Cloud, parent: str, policy: Policy) -> None:
        body = {"policy": _versioned(policy)}
        cloud.call("POST", self.endpoint, f"{parent}:setIamPolicy", body=body)


class TopicIamMember(IamMember):
    """https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/setIamPolicy"""

    token = records.TOPIC_GRANT
    endpoint = pubsub.ENDPOINT
    parent_inputs = ("project", "topic")

    def parent(self, inputs: Properties) -> str:
        topic = inputs["topic"].rsplit("/", 1)[-1]
        return f"projects/{inputs['project']}/topics/{topic}"

    def parent_key(self, parent: str) -> Properties:
        return pubsub.Topic.parse(parent)

    def get_policy(self, cloud: Cloud, parent: str) -> Policy:
        return cloud.call("GET", self.endpoint, f"{parent}:getIamPolicy")

    def set_policy(self, cloud: Cloud, parent: str, policy: Policy) -> None:
        body = {"policy": _versioned(policy)}
        cloud.call("POST", self.endpoint, f"{parent}:setIamPolicy", body=body)


class BucketIamMember(IamMember):
    """https://cloud.google.com/storage/docs/json_api/v1/buckets/setIamPolicy"""

    token = records.BUCKET_GRANT
    endpoint = storage.ENDPOINT
    parent_inputs = ("bucket",)

    def parent(self, inputs: Properties) -> str:
        return "b/" + inputs["bucket"].removeprefix("b/")

    def parent_key(self, parent: str) -> Properties:
        return {"bucket": parent.removeprefix("b/")}

    def get_policy(self, cloud: Cloud, parent: str) -> Policy:
        query = {"optionsRequestedPolicyVersion": POLICY_VERSION}
        return cloud.call("GET", self.endpoint, f"{parent}/iam", query=query)

    def set_policy(self, cloud: Cloud, parent: str, policy: Policy) -> None:
        cloud.call("PUT", self.endpoint, f"{parent}/iam", body=_versioned(policy))


class DatasetIamMember(IamMember):
    """A dataset has no policy of its own: its `access` list stands for one.

    https://cloud.google.com/bigquery/docs/reference/rest/v2/datasets#resource-dataset
    """

    token = records.DATASET_GRANT
    endpoint = bigquery.ENDPOINT
    parent_inputs = ("project", "datasetId")

    # The names under which `access` keeps the basic roles.
    _BASIC_ROLES = {
        "OWNER": "roles/bigquery.dataOwner",
        "WRITER": "roles/bigquery.dataEditor",
        "READER": "roles/bigquery.dataViewer",
    }
    _ENTRY_KEYS = {
        "user": "userByEmail",
        "serviceAccount": "userByEmail",
        "group": "groupByEmail",
        "domain": "domain",
        "iamMember": "iamMember",
    }

    def parent(self, inputs: Properties) -> str:
        return f"projects/{inputs['project']}/datasets/{inputs['datasetId']}"

    def parent_key(self, parent: str) -> Properties:
        _, project_id, _, dataset_id = parent.split("/")
        return {"project": project_id, "datasetId": dataset_id}

    def get_policy(self, cloud: Cloud, parent: str) -> Policy:
        dataset = cloud.call("GET", self.endpoint, parent)
        bindings: list[dict[str, Any]] = []
        other = []
        for entry in dataset.get("access", []):
            member = self._member(entry)
            if member is None:
                other.append(entry)
                continue
            binding = {"role": self._BASIC_ROLES.get(entry["role"], entry["role"])}
            if entry.get("condition"):
                binding["condition"] = entry["condition"]
            bindings.append({**binding, "members": [member]})
        return {"bindings": bindings, "etag": dataset.get("etag"), "other": other}

    def set_policy(self, cloud: Cloud, parent: str, policy: Policy) -> None:
        access = list(policy["other"])
        for binding in policy["bindings"]:
            kept = {key: binding[key] for key in ("role", "condition") if key in binding}
            access += [{**kept, **self._entry(member)} for member in binding["members"]]
        cloud.call("PATCH", self.endpoint, parent, body={"access": access})

    def _entry(self, member: str) -> dict[str, str]:
        kind, separator, name = member.partition(":")
        if not separator:
            return {"specialGroup": member}
        if kind not in self._ENTRY_KEYS:
            raise ValueError(f"{member!r} cannot be a member of a dataset's role")
        return {self._ENTRY_KEYS[kind]: name}

    def _member(self, entry: dict[str, Any]) -> str | None:
        """The IAM member an access entry stands for; None for views, routines, datasets."""
        if "role" not in entry:
            return None
        email = entry.get("userByEmail")
        if email is not None:
            kind = "serviceAccount" if "gserviceaccount" in email else "user"
            return f"{kind}:{email}"
        if "specialGroup" in entry:
            return entry["specialGroup"]
        for kind, key in (("group", "groupByEmail"), ("domain", "domain"), ("iamMember",) * 2):
            if key in entry:
                return f"{kind}:{entry[key]}"
        return None
