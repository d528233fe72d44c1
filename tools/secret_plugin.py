"""Secrets of this project's services that detect-secrets does not know: Google's and Pulumi's."""

from __future__ import annotations

import re

from detect_secrets.plugins.base import RegexBasedDetector


class GoogleAndPulumiDetector(RegexBasedDetector):
    """API keys and OAuth client secrets of Google, access tokens of Pulumi."""

    secret_type = "Google or Pulumi key"
    denylist = (
        re.compile(r"\bAIza[0-9A-Za-z_-]{35}"),
        re.compile(r"\bGOCSPX-[0-9A-Za-z_-]{28}"),
        re.compile(r"\bya29\.[0-9A-Za-z_-]{20,}"),
        re.compile(r"\bpul-[0-9a-f]{40}\b"),
    )
