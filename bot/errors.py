"""The exceptions of Glimmer.

GlimmerError
├── OperatorError            the operator's mistake; the message names the setting and the fix
├── ServiceError             a failure of somebody else's service; carries retry_after
│   ├── ModelError           a GLM provider did not answer; names the text for the user
│   └── PlatformError        Discord or Slack did not do what was asked
│       ├── PlatformGone     the message or the channel is no longer there
│       ├── PlatformRefused  not allowed, archived, locked, blocked by a filter: asking again is of no use
│       │   └── PlatformTooLong  the platform takes less text in a message than we believed
│       └── PlatformUnsure   no answer came: it may or may not have been done
├── UserError                the user's input; the message is a sentence for them
└── LeaseLost                another worker has taken the conversation over: drop the work, write nothing
"""

from __future__ import annotations


class GlimmerError(Exception):
    """The root of everything that Glimmer raises on purpose."""


class OperatorError(GlimmerError):
    """The operator's mistake; the message is one line that names the setting and the fix."""


class ServiceError(GlimmerError):
    """A failure of somebody else's service; `retry_after` is in seconds, None when nothing was said."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ModelError(ServiceError):
    """A GLM provider did not answer.

    `text` names the sentence for the user in `bot.texts` and `facts` are the values that it needs; the message, `code`
    and `trace` are for the log and hold nothing that the provider wrote. `resumable` says that asking once more may
    help although text was already received; `operator` is one line for the operator when only they can mend it.
    """

    def __init__(
        self,
        message: str,
        *,
        text: str,
        code: str = "",
        trace: str = "",
        retry_after: float | None = None,
        resumable: bool = False,
        operator: str = "",
        facts: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message, retry_after=retry_after)
        self.text = text
        self.code = code
        self.trace = trace
        self.resumable = resumable
        self.operator = operator
        self.facts = facts or {}


class PlatformError(ServiceError):
    """Discord or Slack did not do what was asked; asking again later may help."""


class PlatformGone(PlatformError):
    """The message or the channel is no longer there."""


class PlatformRefused(PlatformError):
    """The platform will not do it; `text` names the sentence for the user in `bot.texts`."""

    def __init__(self, message: str, *, text: str = "refused") -> None:
        super().__init__(message)
        self.text = text


class PlatformTooLong(PlatformRefused):
    """The platform takes less text in a message than we believed."""


class PlatformUnsure(PlatformError):
    """No answer came; what was asked may or may not have been done."""


class UserError(GlimmerError):
    """The user's input; the message is a sentence for them."""


class LeaseLost(GlimmerError):
    """Another worker has taken the conversation over: drop the work, write nothing."""
