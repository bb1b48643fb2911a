"""The terminal as a front end: one question, a chat, help, errors. Knows no window and no API."""
