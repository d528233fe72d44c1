"""For developers of this repository: sample data and benchmarks; nothing in production needs it."""
