"""Model files on this computer, the memory they need, and what this computer has for them."""
