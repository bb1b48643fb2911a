"""The window, the tray and the popup (Qt)."""
