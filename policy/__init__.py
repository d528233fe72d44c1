"""Policies of the stack for Pulumi's policy engine: security, Google's limits, the team's rules.

Run by `make policy` without a plugin, and by `pulumi preview --policy-pack policy`.
"""
