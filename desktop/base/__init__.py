"""Folders, atomic files, logs, translation, worker thread: what every other room stands on."""
