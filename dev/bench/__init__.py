"""Figures on this repository: `python -m dev.bench [NAME...] --repeat N`, or `make bench`.

A benchmark is a function of a module here that takes a Lab and returns Figures, registered
with `@benchmark`; `dev.bench.suite` imports the modules. What counts is a ratio of two things
timed in turns in one run: seconds of a busy machine say little, their ratio stays.
"""
