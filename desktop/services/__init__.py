"""Use cases: plain Python and plain threads, no Qt."""
