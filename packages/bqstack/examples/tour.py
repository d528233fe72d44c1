"""The example without a cloud: its catalogue, a plan, the policies and the guard.

    python tour.py

Exit code 1 when any of them does not say what it should.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from bqstack import program
from bqstack.connection import Connection
from bqstack.errors import UserError
from bqstack.guard import allowances, compare
from bqstack.guard.guard import refusal
from bqstack.plan import build, terminal
from bqstack.plan.sources import Side, declared

SHOP = Path(__file__).resolve().parent / "shop"
STACK = "dev"


def main() -> None:
    """Print what each part says of the shop, and of an edit that loses a column."""
    shop = program.entry(SHOP)(STACK)
    print("catalogue, in the order of creation:", *shop.catalogue.objects)

    files = declared(SHOP, STACK, "the files")
    plan = build(shop.target, STACK, Side("nothing", ()), files, connect=None)
    print(f"\nplan of the first update:\n{terminal.text(plan)}")

    custom = [resource for resource in files.resources if resource.custom]
    assert shop.judge is not None
    broken = [str(one) for one in shop.judge(custom)]
    print("\npolicies:", *(broken or ["no rule is broken"]))

    with tempfile.TemporaryDirectory() as folder:
        edited = Path(folder).resolve() / "shop"
        shutil.copytree(SHOP, edited)
        table = edited / "sql" / "tables" / "orders.sql"
        kept = [line for line in table.read_text().splitlines() if " note " not in line]
        text = "\n".join(kept).replace("in cents'),", "in cents')")
        table.write_text(text, encoding="utf-8")
        view = edited / "sql" / "views" / "revenue.sql"
        view.write_text(view.read_text().replace("COUNT(note)", "COUNT(*)"), encoding="utf-8")
        after = declared(edited, STACK, "an edit")
    changes = compare(files.resources, after.resources)
    refused = allowances.refused(changes, shop.target.allow_loss)
    if not refused:
        sys.exit("the guard let a column go")
    print(f"\nguard: {refusal(shop.target, STACK, refused, _no_cloud)}")


def _no_cloud() -> Connection:
    raise UserError("the tour asks no cloud")


if __name__ == "__main__":
    main()
