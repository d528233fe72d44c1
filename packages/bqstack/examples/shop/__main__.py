"""What `pulumi up` runs: read sql/, ask the guard and the policies, declare."""

from shop import ROOT, program

from bqstack.program import run

run(program, ROOT)
