from __future__ import annotations

import json

import pytest

from bot.findings import Finding
from bot.glm.checkup import check
from bot.glm.client import ProviderSettings
from tests.unit.glm.provider import KEY, Provider, Reply, refusal, zhipu

HELLO = zhipu("Hi")


async def found(*replies: Reply | bytes, model: str = "", name: str = "zai") -> list[Finding]:
    return list(await check([ProviderSettings(name, KEY)], model, transport=Provider(*replies)))


async def test_a_provider_that_answers_has_no_findings() -> None:
    assert await found(HELLO) == []


async def test_the_question_is_small_and_for_the_model_that_people_get() -> None:
    provider = Provider(HELLO)
    await check([ProviderSettings("zai", KEY)], "glm-4.6", transport=provider)
    [request] = provider.requests
    body = json.loads(request.content)
    assert body["model"] == "glm-4.6"
    assert body["max_tokens"] <= 16


async def test_every_provider_is_asked() -> None:
    provider = Provider(HELLO, HELLO)
    assert await check([ProviderSettings("zai", KEY), ProviderSettings("bigmodel", KEY)], transport=provider) == []
    assert len(provider.requests) == 2


@pytest.mark.parametrize(
    ("code", "status", "problem", "remedy"),
    [
        ("1000", 401, "ZAI_API_KEY was refused (code 1000)", "copy the key again"),
        ("1113", 429, "the account of ZAI_API_KEY has no balance or quota left (code 1113)", "top up"),
        ("1211", 400, "zai does not offer glm-5.1 to ZAI_API_KEY (code 1211)", "GLM_MODEL"),
    ],
)
async def test_what_the_operator_must_mend_is_told(code: str, status: int, problem: str, remedy: str) -> None:
    [finding] = await found(Reply([refusal(code)], status=status))
    assert (finding.missing, finding.problem) == (True, problem)
    assert remedy in finding.remedy


@pytest.mark.parametrize(("code", "status"), [("1302", 429), ("1305", 429), ("1234", 500)])
async def test_a_provider_that_is_only_busy_is_a_hint(code: str, status: int) -> None:
    [hint] = await found(Reply([refusal(code)], status=status))
    assert not hint.missing


async def test_a_key_that_no_provider_can_have_is_told_without_asking() -> None:
    provider = Provider(HELLO)
    [finding] = await check([ProviderSettings("zai", "two words")], transport=provider)
    assert (finding.about, finding.missing) == ("ZAI_API_KEY", True)
    assert provider.requests == []


async def test_a_default_model_that_nobody_offers_is_told() -> None:
    [finding] = await found(HELLO, model="gpt-9")
    assert (finding.about, finding.missing) == ("GLM_MODEL", True)
    assert "glm-4.6" in finding.remedy


async def test_no_finding_shows_a_key() -> None:
    findings = await found(Reply([refusal("1000")], status=401))
    assert KEY not in "".join(map(str, findings))
