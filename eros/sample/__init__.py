"""A realistic data set for stacks without real data: local, staging, tests, bench."""

from eros.sample.caption_keys import caption_key
from eros.sample.generator import generate
from eros.sample.load_jobs import LoadReport, held, load, loaded_day
from eros.sample.sample_shape import Identity, Sample, Scale, Size, Truth

__all__ = [
    "Identity",
    "LoadReport",
    "Sample",
    "Scale",
    "Size",
    "Truth",
    "caption_key",
    "generate",
    "held",
    "load",
    "loaded_day",
]
