"""What has to be known of this session before the portal is asked for anything. Any thread."""

from collections.abc import Mapping
from dataclasses import dataclass

from desktop.system.linux_session import desktops, is_sandboxed
from desktop.system.session_bus import bus_address


@dataclass(frozen=True, slots=True)
class PortalFacts:
    """Where the bus is (None: nowhere), who we are, and whose portal it will be.

    `is_sandboxed`: the sandbox has told the portal who we are. `is_draft`: Plasma 5, whose portal
    follows a draft of the interface.
    """

    address: bytes | None
    app_id: str
    is_sandboxed: bool = False
    is_kde: bool = False
    is_draft: bool = False
    is_hyprland: bool = False


def portal_facts(environment: Mapping[str, str], app_id: str) -> PortalFacts:
    """Return them, from the environment and the file that Flatpak puts into its sandboxes."""
    names = desktops(environment)
    is_kde = "kde" in names
    return PortalFacts(
        bus_address(environment),
        app_id,
        is_sandboxed=is_sandboxed(environment),
        is_kde=is_kde,
        is_draft=is_kde and environment.get("KDE_SESSION_VERSION", "5") == "5",
        is_hyprland="hyprland" in names,
    )
