"""`eros learning`: what ranking captions earns, measured against those drawn at random."""

from __future__ import annotations

from eros.cli import answers
from eros.cli.common import Stack
from eros.cli.waiting import working
from eros.cloud.google import Google
from eros.project.stack_file import load_stack_file
from eros.watch import selection_effects as effects


def learning(
    stack: Stack = "local",
    output: answers.Output = answers.Format.TABLE,
    out: answers.Out = None,
    wide: answers.Wide = False,
) -> None:
    """Compare what ranked captions earn with random ones, by page size."""
    google = Google(load_stack_file(stack))
    with working(f"learning: asking {stack} what its messages earned"):
        answer = effects.effects(google)
    answers.write(answer, output, out, wide=wide, note=effects.verdict(answer))
