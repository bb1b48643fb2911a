"""What is kept in SQLite: chats, and what is remembered of models."""
