"""Toolchain of the project: Python environment, Pulumi engine, lock file.

Runs before anything is installed, so these modules use the standard library only.
"""
