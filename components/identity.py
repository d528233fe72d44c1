"""Enabled services, the account that scheduled queries run as, and project-wide grants.

Left out: who may deploy. The deployer's rights must exist before the first `up`; the
list is in docs/fidelity.md.
"""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp

from eros.cloud.services import SERVICES
from eros.project import sandbox_role
from eros.project.settings import Settings

# Project-wide: jobs are a project's, and the health and cost queries read its job list
# (`bigquery.jobs.listAll`). Rows are granted on the dataset.
RUNNER_ROLES = ("roles/bigquery.jobUser", "roles/bigquery.resourceViewer")
_TRANSFER_SERVICE = "bigquerydatatransfer.googleapis.com"


class Identity(pulumi.ComponentResource):
    """Runtime account of the scheduled queries (docs/requirements.md#schedules-and-limits)."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        project_number: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("eros:identity:Identity", name, None, opts)
        self.services = {
            service: gcp.projects.Service(
                service.removesuffix(".googleapis.com"),
                project=settings.project,
                service=service,
                disable_on_destroy=False,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for service in SERVICES
        }
        enabled = list(self.services.values())
        self.runner = gcp.serviceaccount.Account(
            "runner",
            project=settings.project,
            account_id=settings.service_account,
            display_name=settings.names.title("EROS scheduled queries"),
            description="Runs the scheduled queries of the EROS dataset",
            opts=pulumi.ResourceOptions(parent=self, depends_on=enabled),
        )
        self.runner_member = pulumi.Output.concat("serviceAccount:", self.runner.email)
        grants = [
            gcp.projects.IAMMember(
                f"runner-{role.rpartition('.')[2]}",
                project=settings.project,
                role=role,
                member=self.runner_member,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for role in RUNNER_ROLES
        ]
        # Data Transfer's own agent starts the runs and needs tokens of the runner for it. Its
        # address is documented; read from the resource below, it would be unknown in a preview.
        self.transfer_agent = (
            f"serviceAccount:service-{project_number}"
            "@gcp-sa-bigquerydatatransfer.iam.gserviceaccount.com"
        )
        self.transfer_agent_ready = self._transfer_agent(settings)
        """What must be in place before anything is granted to the transfer agent."""
        # Cloud Monitoring's agent publishes to the topics of its Pub/Sub channels.
        self.notification_agent = (
            f"serviceAccount:service-{project_number}"
            "@gcp-sa-monitoring-notification.iam.gserviceaccount.com"
        )
        token_grant = gcp.serviceaccount.IAMMember(
            "transfer-agent-token-creator",
            service_account_id=self.runner.name,
            role="roles/iam.serviceAccountTokenCreator",
            member=self.transfer_agent,
            opts=pulumi.ResourceOptions(parent=self, depends_on=self.transfer_agent_ready),
        )
        self.runner_grants = [*grants, *self.transfer_agent_ready, token_grant]
        """What must be in place before a transfer config may name the runner."""
        if settings.access.sandbox_owners:
            self._sandbox_owners(settings)
        self.register_outputs({"runner": self.runner.email})

    def _sandbox_owners(self, settings: Settings) -> None:
        """One role in the project for all who make sandboxes; a sandbox itself declares none."""
        role = gcp.projects.IAMCustomRole(
            "sandbox-owner",
            project=settings.project,
            role_id=sandbox_role.ROLE_ID,
            title=sandbox_role.TITLE,
            description=sandbox_role.DESCRIPTION,
            permissions=sandbox_role.permissions(),
            opts=pulumi.ResourceOptions(parent=self),
        )
        # The account of a sandbox needs its roles in the project, and nobody gets another one. That
        # of the transfer agent stands already and is never granted again: whoever could grant it
        # to himself would have tokens of every account.
        limit = gcp.projects.IAMMemberConditionArgs(
            title="roles of sandboxes",
            description="Only the roles that the account of a sandbox has in the project",
            expression=sandbox_role.grants_only(RUNNER_ROLES),
        )
        for member in settings.access.sandbox_owners:
            gcp.projects.IAMMember(
                f"sandbox-owner-{member}",
                project=settings.project,
                role=role.name,
                member=member,
                opts=pulumi.ResourceOptions(parent=self),
            )
            gcp.projects.IAMMember(
                f"sandbox-owner-grants-{member}",
                project=settings.project,
                role=sandbox_role.ADMIN,
                member=member,
                condition=limit,
                opts=pulumi.ResourceOptions(parent=self),
            )

    def _transfer_agent(self, settings: Settings) -> list[pulumi.Resource]:
        """Data Transfer's agent and its role, which Google makes with the API's first use only.

        Grants come before that use, and Google refuses grants to an account that is not there.
        An agent that was asked for is not granted its role by Google.
        """
        agent = gcp.projects.ServiceIdentity(
            "transfer-agent",
            project=settings.project,
            service=_TRANSFER_SERVICE,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.services[_TRANSFER_SERVICE]]),
        )
        role = gcp.projects.IAMMember(
            "transfer-agent-role",
            project=settings.project,
            role="roles/bigquerydatatransfer.serviceAgent",
            member=self.transfer_agent,
            # The agent is the project's, not ours: without its role no transfer of anybody runs.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[agent], retain_on_delete=True),
        )
        return [agent, role]
