"""`glimmer doctor`: looks at every configured part, and says what is missing and what to do about it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence

from pydantic import SecretStr

from adapters.discord_app import checkup as discord
from adapters.slack_app import checkup as slack
from bot.findings import Finding
from bot.glm import checkup as glm
from bot.glm.client import ProviderSettings
from bot.settings import Settings

# Seconds for all parts together: they are looked at side by side, and each bounds its own calls.
PATIENCE = 40.0

Checks = Mapping[str, Awaitable[Sequence[Finding]]]


async def examine(settings: Settings) -> int:
    """Print one line for each finding and for each part that is well; 1 when something is missing, else 0.

    Takes at most 40 seconds. A hint alone is no fault.
    """
    checks = _checks(settings)
    findings = await asyncio.gather(*map(_bounded, checks.values()))
    missing = False
    for part, found in zip(checks, findings, strict=True):
        faulty = any(finding.missing for finding in found)
        missing = missing or faulty
        worst_first = sorted(found, key=lambda finding: not finding.missing)
        lines = [f"{'missing' if finding.missing else 'hint':7}  {part}: {finding}" for finding in worst_first]
        print("\n".join(lines if faulty else [f"ok       {part}", *lines]))  # noqa: T201  # the command's answer
    return int(missing)


def _checks(settings: Settings) -> Checks:
    """The check of each part that is configured."""
    keys = [ProviderSettings(name, key, url) for name, (key, url) in settings.provider_keys().items()]
    checks: dict[str, Awaitable[Sequence[Finding]]] = {}
    if settings.discord_token is not None:
        checks["Discord"] = discord.check(_secret(settings.discord_token), settings.discord_api_url)
    if settings.slack_bot_token is not None:
        checks["Slack"] = slack.check(
            slack.SlackKeys(
                bot_token=_secret(settings.slack_bot_token),
                app_token=_secret(settings.slack_app_token),
                signing_secret=_secret(settings.slack_signing_secret),
                api_url=settings.slack_api_url,
                operator=settings.slack_operator,
            )
        )
    checks["GLM"] = glm.check(keys, settings.glm_model)
    return checks


async def _bounded(check: Awaitable[Sequence[Finding]]) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(PATIENCE):
            return await check
    except TimeoutError:
        return [Finding("the service", f"did not answer within {PATIENCE:.0f} s", "check the address and the network")]


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value().strip() if value else ""
