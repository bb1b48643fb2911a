"""How Lapis is set up, checked and packed."""
