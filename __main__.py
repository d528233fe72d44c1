"""The Pulumi program: settings in, components out."""

from __future__ import annotations

from bqstack import lean, program
from components.program import deployed
from eros.project.environment import prepare_program
from eros.project.settings import PROJECT_ROOT

lean.program()
prepare_program()
program.run(deployed, PROJECT_ROOT, repair="eros repair --stack")
