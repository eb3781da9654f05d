"""Benchmarks that compare pairs of measurements, taken alternately in one run (`make bench`)."""
