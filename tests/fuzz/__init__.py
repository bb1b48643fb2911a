"""Damaged model files by the thousand: made from a seed, checked, and loaded in real llama.cpp."""
