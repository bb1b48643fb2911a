"""Where model files come from: hubs, their mirrors, and what they answer."""
