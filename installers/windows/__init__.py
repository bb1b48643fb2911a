"""Lapis for Windows: the setup program, and what Explorer shows of the two programs."""
