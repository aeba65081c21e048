"""Stand-ins for the services that tools live on."""

from playground.services.pages import Page, redirect
from playground.services.server import ServicesStandIn

__all__ = ["Page", "ServicesStandIn", "redirect"]
