"""What goes into the program that runs without Python, as data and as PyInstaller's two scripts."""
