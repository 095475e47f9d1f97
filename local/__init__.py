"""Everything needed to run with no Azure at all. Never deployed."""
