"""The pack as Pulumi's engine starts it."""

import sys
from pathlib import Path

from pulumi_policy import PolicyPack

# The engine puts this folder on the path, the pack is a package of the project's folder.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from policy.pack import NAME, RULES

PolicyPack(NAME, [rule.policy() for rule in RULES])
