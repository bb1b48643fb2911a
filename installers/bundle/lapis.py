"""The frozen program `lapis`: PyInstaller runs this file. All of it is in `desktop.frozen`."""

from desktop.frozen import main_console

main_console()
