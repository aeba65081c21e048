"""How Open-Meteo says no (open-meteo.com/en/docs, "Errors")."""

from __future__ import annotations


class Refusal(Exception):
    """A request that breaks a documented rule; the message is the `reason` of the answer with status 400."""
