"""Whether the bucket for exports is there, or its name can still be had.

A bucket's name is unique in all of Google Cloud.
https://cloud.google.com/storage/docs/buckets#naming
"""

from __future__ import annotations

from googleapiclient.errors import HttpError

from eros.cloud.google import disabled_service
from eros.operations import backup
from eros.operations.deploy.deployment import Finding, Level, Site


def bucket(site: Site) -> list[Finding]:
    """The bucket of the stack, before and after the first deployment."""
    name = site.google.settings.backup.bucket
    is_deployed = backup.is_deployed(site.google)
    try:
        site.google.api("storage").buckets().get(bucket=name, fields="name").execute()
    except HttpError as error:
        if disabled_service(error):
            raise
        if error.status_code == 404:
            return [_missing(site, name, is_deployed)]
        if error.status_code == 403:
            return [_hidden(name, is_deployed)]
        raise
    if is_deployed:
        return [Finding("bucket", Level.OK, f"{name} is there")]
    # A first deployment that was interrupted leaves it, too; then the engine knows it.
    return [
        Finding(
            "bucket",
            Level.WARNING,
            f"{name} is there already; a deployment that has not made it itself will fail",
            "another eros:backup.bucket, unless a deployment was interrupted",
        )
    ]


def _missing(site: Site, name: str, is_deployed: bool) -> Finding:
    if not is_deployed:
        return Finding("bucket", Level.OK, f"{name} does not exist yet: this deployment creates it")
    fix = f"pulumi up --refresh --stack {site.stack}"
    return Finding("bucket", Level.WARNING, f"{name} is gone: no backup can be exported", fix)


def _hidden(name: str, is_deployed: bool) -> Finding:
    if is_deployed:
        fix = "grant yourself roles/storage.legacyBucketReader on it"
        return Finding("bucket", Level.WARNING, f"{name} cannot be seen", fix)
    text = f"{name} belongs to somebody else, or you may not see it"
    return Finding("bucket", Level.FAILED, text, "another eros:backup.bucket")
