"""What Qt is told about input methods before it starts."""

from pathlib import Path

import pytest

from desktop.system.input_method import prepare_input_method


@pytest.mark.parametrize(
    "asked",
    [
        {"QT_IM_MODULE": "fcitx"},
        {"QT_IM_MODULES": "wayland;fcitx;ibus"},
        {"XMODIFIERS": "@im=fcitx"},
    ],
)
def test_fcitx_on_x11_is_reached_as_ibus_through_the_portal(
    asked: dict[str, str], tmp_path: Path
) -> None:
    environment = {"DISPLAY": ":0", **asked}
    prepare_input_method(environment, tmp_path)

    assert environment["QT_IM_MODULE"] == "ibus"
    assert environment["IBUS_USE_PORTAL"] == "1"
    assert "QT_IM_MODULES" not in environment


@pytest.mark.parametrize(
    "environment",
    [
        {"WAYLAND_DISPLAY": "wayland-0", "QT_IM_MODULE": "fcitx"},
        {"QT_QPA_PLATFORM": "wayland", "QT_IM_MODULE": "fcitx"},
        {"DISPLAY": ":0", "QT_IM_MODULE": "ibus"},
        {"DISPLAY": ":0"},
    ],
)
def test_everything_else_is_left_alone(environment: dict[str, str], tmp_path: Path) -> None:
    before = dict(environment)
    prepare_input_method(environment, tmp_path)

    assert environment == before


def test_a_qt_that_has_the_plugin_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "libfcitx5platforminputcontextplugin.so").touch()
    environment = {"DISPLAY": ":0", "QT_IM_MODULE": "fcitx"}
    prepare_input_method(environment, tmp_path)

    assert environment == {"DISPLAY": ":0", "QT_IM_MODULE": "fcitx"}
