"""The program's icon in the forms that systems want, drawn from the one SVG file.

Nothing beyond the standard library is needed, and the same pixels come out on every system.
"""
