"""The real program: its window on a screen of its own, its command line in a pipe."""
