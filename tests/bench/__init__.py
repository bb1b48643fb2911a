"""What a person waits for, timed on the real program."""
