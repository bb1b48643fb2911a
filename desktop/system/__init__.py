"""The operating system around Lapis: the running instance, the display. No Qt."""
