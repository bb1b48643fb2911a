"""Keys that work in any program, one module for each mechanism that systems have for them."""
