"""Tests of Lapis."""
