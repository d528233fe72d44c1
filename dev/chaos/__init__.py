"""`make chaos`: one fault at one call of an operation, and what becomes of the stack.

A proxy between the commands and a local cloud of their own counts calls and spoils the chosen one.
What is counted stands in docs/reliability.md.
"""
