"""The frozen program `lapis-gui`: PyInstaller runs this file. All of it is in `desktop.frozen`."""

from desktop.frozen import main_window

main_window()
