"""Widgets and their bridge to the services, on Qt's offscreen platform (pytest-qt)."""
