"""Shortcuts that the desktop itself keeps, written for the person: one module for each way."""
