"""A shop's own tables, views and functions, from the files of sql/."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pulumi_gcp as gcp

from bqstack import catalogue, resources
from bqstack.policy import LIMITS, violations
from bqstack.program import Program
from bqstack.target import Stack

ROOT = Path(__file__).resolve().parent


def program(stack: str, *, check: bool = True) -> Program:
    """What the shop has in one stack; pyproject.toml names this function for plans."""
    target = Stack.load(ROOT, stack)
    objects = catalogue.load(target, ROOT)

    def declare() -> None:
        dataset = gcp.bigquery.Dataset(
            target.dataset,
            project=target.project,
            dataset_id=target.dataset,
            location=target.location,
            opts=pulumi.ResourceOptions(protect=True),
        )
        resources.declare(resources.Place(target, dataset.dataset_id), objects)

    return Program(target, objects, declare, lambda found: violations(LIMITS, found))
