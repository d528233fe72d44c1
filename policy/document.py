"""docs/policies.md from the rules: `python -m policy.document`."""

from __future__ import annotations

from pathlib import Path

from bqstack.policy.rule import Rule
from eros.project.settings import PROJECT_ROOT
from policy.pack import RULES, THEMES

FILE = Path("docs/policies.md")
_INTRODUCTION = """\
# Policies

<!-- Written by `python -m policy.document` from policy/; a test compares. -->

`policy/` is a pack for Pulumi's policy engine: {count} rules for BigQuery, Cloud Monitoring and
what they need. A mandatory rule stops a preview or an `up` before anything happens, an advisory
one is reported.

```sh
make policy                                             # all stacks, without a plugin or a cloud
pulumi preview --stack prod --policy-pack policy        # in Pulumi's engine
```

Every `pulumi preview` and `up` that changes something, and every `eros plan`, runs the mandatory
rules about single resources by itself, over what the program is about to declare, and is refused
before anything is touched. Rules about resources together need the engine's `--policy-pack`.

`make test` runs every rule over the resources of every stack, and over its own cases in
`tests/unit/policy/`, at least one that it passes and one that it refuses. With `--policy-pack` the
engine starts the pack itself, in an activated environment; that takes Pulumi's own release, whose
language host knows how (decision [15](decisions/015-policy-pack.md)).

References are numbers of the CIS Google Cloud Platform Foundation Benchmark 4.0, Checkov
(CKV_GCP) and Trivy.

What a stack asks for comes from its file: with `eros:kmsKey` everything must be encrypted with that
key, with `eros:protectTables: false` nothing needs protection, and labels are those of
`eros:environment`, `eros:costOwner` and `eros:labels`.

To add one, write its function and its entry in a module of `policy/`, its cases in
`tests/unit/policy/`, and run `python -m policy.document`.
"""


def text() -> str:
    """The whole document."""
    parts = [_INTRODUCTION.format(count=len(RULES))]
    for title, module in THEMES.items():
        rows = [_row(rule) for rule in module.RULES]
        summary = (module.__doc__ or "").strip().splitlines()[0]
        table = [
            "| rule | demands | reference | level | how to fix it |",
            "| --- | --- | --- | --- | --- |",
        ]
        parts.append("\n".join([f"## {title}\n", summary, "", *table, *rows, ""]))
    return "\n".join(parts)


def _row(rule: Rule) -> str:
    cells = (
        f"`{rule.id}`",
        f"[{rule.title}]({rule.url})",
        ", ".join(rule.references),
        f"{rule.severity.value}, {rule.enforcement.value}",
        rule.fix,
    )
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


if __name__ == "__main__":
    (PROJECT_ROOT / FILE).write_text(text(), encoding="utf-8")
