"""Starting with the session: one module for each way that systems have for it."""
