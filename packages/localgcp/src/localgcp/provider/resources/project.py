"""What belongs to a project as a whole: enabled services and service accounts."""

from typing import Any

from gcptypes import records

from ..cloud_calls import ApiError, Cloud, until_found
from ..declared_inputs import Problem
from ..mapping import Dialect
from ..resource import Properties, Resource

RESOURCE_MANAGER = "cloudResourceManagerCustomEndpoint"
SERVICE_USAGE = "serviceUsageCustomEndpoint"
IAM = "iamBetaCustomEndpoint"
BILLING = "cloudBillingCustomEndpoint"


def read_project(cloud: Cloud, project: str) -> Properties:
    """The outputs of the function gcp:organizations/getProject:getProject."""
    answer = cloud.call("GET", RESOURCE_MANAGER, f"projects/{project}")
    labels = answer.get("labels", {})
    account = ""
    # A local cloud that was started by an earlier version has no such server.
    if BILLING in cloud.endpoints:
        billing = cloud.call("GET", BILLING, f"projects/{project}/billingInfo")
        account = billing.get("billingAccountName", "").removeprefix("billingAccounts/")
    return {
        "id": f"projects/{project}",
        "projectId": answer["projectId"],
        "number": str(answer["projectNumber"]),
        "name": answer.get("name", ""),
        "labels": labels,
        "effectiveLabels": labels,
        "pulumiLabels": labels,
        "tags": {},
        "orgId": "",
        "folderId": "",
        "billingAccount": account,
        "autoCreateNetwork": True,
        "deletionPolicy": "PREVENT",
    }


class Service(Resource):
    """https://cloud.google.com/service-usage/docs/reference/rest/v1/services"""

    token = records.SERVICE
    endpoint = SERVICE_USAGE

    def create(self, cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
        project, service = inputs["project"], inputs["service"]
        resource_id = self.id_of(inputs, {})
        found = self.read(cloud, resource_id, inputs)
        if found is None:
            path = f"projects/{project}/services/{service}:enable"
            cloud.call("POST", self.endpoint, path, body={}, repeatable=True)
            with self.existing(resource_id, inputs):
                found = until_found(lambda: self.read(cloud, resource_id, inputs), service)
        return resource_id, found

    def read(self, cloud: Cloud, resource_id: str, state: Properties) -> Properties | None:
        key = self.key_of(resource_id)
        query: dict[str, Any] = {"filter": "state:ENABLED", "pageSize": 200}
        while True:
            path = f"projects/{key['project']}/services"
            page = cloud.call("GET", self.endpoint, path, query=query)
            names = {item["name"].rsplit("/", 1)[-1] for item in page.get("services", [])}
            if key["service"] in names:
                return key
            if not page.get("nextPageToken"):
                return None
            query["pageToken"] = page["nextPageToken"]

    def update(
        self,
        cloud: Cloud,
        resource_id: str,
        inputs: Properties,
        state: Properties,
        changed: set[str],
    ) -> Properties:
        return self.key_of(resource_id)  # every input that can change is this provider's own

    def delete(self, cloud: Cloud, resource_id: str, state: Properties) -> None:
        if not state.get("disableOnDestroy"):
            return
        key = self.key_of(resource_id)
        body = {"disableDependentServices": bool(state.get("disableDependentServices"))}
        path = f"projects/{key['project']}/services/{key['service']}:disable"
        cloud.call("POST", self.endpoint, path, body=body, repeatable=True)


class ServiceIdentity(Resource):
    """https://cloud.google.com/service-usage/docs/reference/rest/v1beta1/services/generateServiceIdentity

    The API can only make it: it is neither read nor deleted, and asked for again it is the same.
    """

    token = records.SERVICE_IDENTITY
    endpoint = SERVICE_USAGE
    computed = {"email": "string", "member": "string"}

    def create(self, cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
        resource_id = self.id_of(inputs, {})
        path = f"{resource_id}:generateServiceIdentity"
        operation = cloud.call("POST", self.endpoint, path, repeatable=True)
        key = self.key_of(resource_id)
        # Google answers without an address for services that have none to tell.
        email = operation.get("response", {}).get("email")
        if email:
            key |= {"email": email, "member": f"serviceAccount:{email}"}
        return resource_id, key

    def read(self, cloud: Cloud, resource_id: str, state: Properties) -> Properties | None:
        return state

    def delete(self, cloud: Cloud, resource_id: str, state: Properties) -> None:
        """Forget it; the agent stays."""


class Account(Resource):
    """https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts"""

    token = records.ACCOUNT
    endpoint = IAM
    collection = "projects/{project}/serviceAccounts"
    auto_name = "accountId"
    computed = {"email": "string", "member": "string", "name": "string", "uniqueId": "string"}

    def id_of(self, inputs: Properties, _answer: Properties) -> str:
        return self.record.id_format.format(project=inputs["project"], email=self._email(inputs))

    def key_of(self, resource_id: str) -> Properties:
        key = super().key_of(resource_id)
        if not key:
            return {}
        return {"project": key["project"], "accountId": key["email"].split("@")[0]}

    def _email(self, inputs: Properties) -> str:
        return f"{inputs['accountId']}@{inputs['project']}.iam.gserviceaccount.com"

    def problems(self, inputs: Properties) -> list[Problem]:
        name = inputs.get("accountId")
        if isinstance(name, str) and not 6 <= len(name) <= 30:
            return [Problem("accountId", "expected 6 to 30 characters")]
        return []

    def planned(self, inputs: Properties, cloud: Cloud) -> Properties:
        plan = super().planned(inputs, cloud)
        if isinstance(inputs.get("accountId"), str) and isinstance(inputs.get("project"), str):
            email = self._email(inputs)
            plan |= {"email": email, "member": f"serviceAccount:{email}"}
        return plan

    def properties(self, answer: Properties) -> Properties:
        found = super().properties(answer)
        return found | {"member": f"serviceAccount:{found['email']}"}

    def create(self, cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
        resource_id = self.id_of(inputs, {})
        account = self.body(inputs, cloud)
        account.pop("disabled", None)
        path = self.collection.format(**inputs)
        body = {"accountId": inputs["accountId"], "serviceAccount": account}
        try:
            cloud.call("POST", self.endpoint, path, body=body)
        except ApiError as error:
            if error.status != 409 or not inputs.get("createIgnoreAlreadyExists"):
                raise
        with self.existing(resource_id, inputs):
            found = until_found(lambda: self.read(cloud, resource_id, inputs), resource_id)
            if inputs.get("disabled"):
                found = self._switch(cloud, resource_id, inputs)
        return resource_id, found

    def update(
        self,
        cloud: Cloud,
        resource_id: str,
        inputs: Properties,
        state: Properties,
        changed: set[str],
    ) -> Properties:
        texts = sorted(changed & {"description", "displayName"})
        if texts:
            account = {key: inputs.get(key, "") for key in texts}
            body = {"serviceAccount": account, "updateMask": ",".join(texts)}
            cloud.call("PATCH", self.endpoint, self.path_of(resource_id), body=body)
        if "disabled" in changed:
            return self._switch(cloud, resource_id, inputs)
        return cloud.call("GET", self.endpoint, self.path_of(resource_id))

    def _switch(self, cloud: Cloud, resource_id: str, inputs: Properties) -> Properties:
        path = self.path_of(resource_id)
        action = "disable" if inputs.get("disabled") else "enable"
        cloud.call("POST", self.endpoint, f"{path}:{action}", body={}, repeatable=True)
        return cloud.call("GET", self.endpoint, path)


class CustomRole(Resource):
    """https://cloud.google.com/iam/docs/reference/rest/v1/projects.roles"""

    token = records.CUSTOM_ROLE
    endpoint = IAM
    collection = "projects/{project}/roles"
    dialect = Dialect(renames={"permissions": "includedPermissions"})
    unordered = frozenset({"permissions"})
    computed = {"deleted": "boolean", "name": "string"}

    def late_inputs(self, inputs: Properties) -> frozenset[str]:
        # One that was deleted is taken back, whatever it held.
        return frozenset(inputs.keys() - self.local_only)

    def create(self, cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
        resource_id = self.id_of(inputs, {})
        held = cloud.get(self.endpoint, resource_id)
        if held is not None and held.get("deleted"):
            # Its id stays taken: like the real plugin, take it back.
            cloud.call("POST", self.endpoint, f"{resource_id}:undelete", body={})
            return resource_id, self.update(cloud, resource_id, inputs, {}, set(inputs))
        body = {"roleId": inputs["roleId"], "role": self.body(inputs, cloud)}
        path = self.collection.format(**inputs)
        return resource_id, cloud.call("POST", self.endpoint, path, body=body)

    def read(self, cloud: Cloud, resource_id: str, state: Properties) -> Properties | None:
        answer = super().read(cloud, resource_id, state)
        return None if answer is not None and answer.get("deleted") else answer

    def delete(self, cloud: Cloud, resource_id: str, state: Properties) -> None:
        # One that is deleted already is there, and cannot be deleted again.
        if self.read(cloud, resource_id, state) is not None:
            super().delete(cloud, resource_id, state)
