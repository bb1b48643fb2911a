"""A hub of model files on loopback, true to what the real ones do, with every fault to switch on.

`server` is the place to start; `repositories` is what it offers, `faults` what it does wrong.
"""
