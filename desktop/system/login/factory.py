"""Picks the way in which this system starts programs at login. Any thread."""

from collections.abc import Mapping
from pathlib import Path

from desktop.base.paths import Paths
from desktop.system.linux_session import is_flatpak
from desktop.system.login.base import LoginItem, NoLoginItem


def login_item(
    environment: Mapping[str, str],
    platform: str,
    app_id: str,
    paths: Paths,
    reason: str = "Lapis",
    *,
    in_flatpak: bool | None = None,
) -> LoginItem:
    """Return the entry `app_id` on this system; `platform` as `sys.platform` says it.

    `reason` is shown by a portal that asks the person, so it is in the person's language.
    `in_flatpak`: whether Lapis runs inside one, looked up if left out.
    """
    if platform == "win32":
        from desktop.system.login.windows import AccountRegistry, WindowsLogin

        return WindowsLogin(AccountRegistry(), app_id)
    if platform == "darwin":
        from desktop.system.login.mac_status import agent_status
        from desktop.system.login.macos import MacLogin

        home = Path(environment.get("HOME") or Path.home())
        return MacLogin(home, app_id, agent_status)
    if environment.get("SNAP"):
        # What a snap starts at login stands in the snap itself.
        return NoLoginItem()
    if is_flatpak() if in_flatpak is None else in_flatpak:
        from desktop.system.login.flatpak import FlatpakLogin

        return FlatpakLogin(environment, paths.config / "starts-at-login", reason)
    from desktop.system.login.xdg import XdgLogin

    return XdgLogin(environment, app_id)
