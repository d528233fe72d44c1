"""A realistic data set for stacks without real data: local, staging, tests, bench."""

from dev.sample.generator import generate
from dev.sample.keys import caption_key
from dev.sample.loader import LoadReport, load, loaded_day
from dev.sample.model import Identity, Sample, Scale, Size, Truth

__all__ = [
    "Identity",
    "LoadReport",
    "Sample",
    "Scale",
    "Size",
    "Truth",
    "caption_key",
    "generate",
    "load",
    "loaded_day",
]
