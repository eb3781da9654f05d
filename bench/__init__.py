"""How fast, as ratios of two things measured in turn in one run: `make bench`, or `python -m bench NAME ...`."""
