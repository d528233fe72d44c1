"""For developers of this repository: benchmarks; nothing in production needs it."""
