"""The program that is in front: what is selected in it, and text put into it."""
