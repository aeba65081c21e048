"""Who may do what."""

from __future__ import annotations

from bot.messages import Author, ControlKind, Right

# What changing a scope's settings takes on the platform; scopes that are not named are one's own.
SCOPE_RIGHTS = {"channel": Right.MANAGE_CHANNEL, "server": Right.MANAGE_SERVER}

_ASKER_ONLY = frozenset(
    {
        ControlKind.STOP,
        ControlKind.RESET,
        ControlKind.REGENERATE,
        ControlKind.RETRY,
        ControlKind.CONTINUE,
        ControlKind.JOBS,
        ControlKind.ALLOW,
        ControlKind.DENY,
    }
)


def may_steer(actor: Author, kind: ControlKind, asker: str) -> bool:
    """Whether the actor may do this to a turn or a job of that asker: their own, or anybody's for a moderator."""
    return kind not in _ASKER_ONLY or actor.id == asker or Right.MODERATE in actor.rights


def may_set(actor: Author, scope: str) -> bool:
    """Whether the actor may change the settings of this scope."""
    needed = SCOPE_RIGHTS.get(scope)
    return needed is None or needed in actor.rights
