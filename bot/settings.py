"""The settings: the only reader of the environment. An error names the variable and the fix."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.addresses import read_host
from bot.errors import OperatorError
from bot.rules import read_quota, read_subject

PROVIDERS = ("bigmodel", "zai", "aimlapi", "acedata")


class FollowUp(StrEnum):
    """Who need not mention the bot again in a thread."""

    ASKER = "asker"
    ALWAYS = "always"
    MENTIONED = "mentioned"


class Settings(BaseSettings):
    """Everything an operator can set, by the name of its variable in lower case."""

    model_config = SettingsConfigDict(env_file=None, extra="ignore", env_ignore_empty=True)

    discord_token: SecretStr | None = Field(None, description="Turns Discord on: the bot's token.")
    discord_api_url: str = Field("https://discord.com/api/v10", description="Discord's REST root.")
    discord_threads: bool = Field(True, description="Answer a mention in a new thread; off: in a reply.")
    discord_reply_channels: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Ids of channels in which a mention is answered in a reply all the same, separated by commas."
    )

    discord_requests_per_second: int = Field(
        50, ge=0, description="Discord's limit over all requests, which it raises for large bots; 0: no limit."
    )

    slack_bot_token: SecretStr | None = Field(
        None, description="Turns Slack on, with one of the two below: the bot's token, xoxb-…."
    )
    slack_app_token: SecretStr | None = Field(
        None, description="Takes Slack's events over Socket Mode: the app-level token, xapp-…."
    )
    slack_signing_secret: SecretStr | None = Field(
        None, description="Takes Slack's events over HTTP at /slack/events: the app's signing secret."
    )
    slack_api_url: str = Field("https://slack.com/api", description="Slack's Web API root.")
    slack_stream: Literal["auto", "native", "edit"] = Field(
        "auto",
        description="How answers grow on Slack: native streams, edits, or auto: native in direct messages only, "
        "since in channels nobody but the asker would see one move.",
    )
    slack_strangers: bool = Field(
        False, description="Answer people of other organisations in channels that are shared by Slack Connect."
    )
    slack_operator: str = Field(
        "", description="The Slack user id of whoever runs the bot; they are told what only they can mend."
    )

    bigmodel_api_key: SecretStr | None = Field(None, description="Turns open.bigmodel.cn on.")
    zai_api_key: SecretStr | None = Field(None, description="Turns api.z.ai on.")
    aimlapi_api_key: SecretStr | None = Field(None, description="Turns api.aimlapi.com on.")
    acedata_api_key: SecretStr | None = Field(None, description="Turns api.acedata.cloud on.")
    bigmodel_base_url: str = Field("", description="API root in place of the vendor's.")
    zai_base_url: str = Field("", description="API root in place of the vendor's.")
    aimlapi_base_url: str = Field("", description="API root in place of the vendor's.")
    acedata_base_url: str = Field("", description="API root in place of the vendor's.")
    glm_providers: Annotated[tuple[str, ...], NoDecode] = Field(
        PROVIDERS, description="The order in which providers are tried, separated by commas."
    )
    glm_model: str = Field("", description="The default model; empty: the catalogue's first that is available.")

    glm_vision_model: str = Field(
        "", description="The model that looks at pictures where the chosen one cannot; empty: the first that can."
    )
    glm_fallbacks: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Models that are asked in this order when the chosen one does not answer, separated by commas."
    )
    glm_summary_model: str = Field(
        "", description="The model that sums up what no longer fits into a prompt; empty: the cheapest."
    )
    glm_creativity: float | None = Field(
        None, ge=0, le=1, description="From 0 (always the likeliest word) to 1 (varied); empty: each model's default."
    )
    glm_stream: bool = Field(True, description="Off: ask for whole answers, which are shown when they are complete.")
    glm_web_search: bool = Field(
        False,
        description="On: models whose provider can search the web may do so, at its price for each search; off: only "
        "where somebody has switched it on with /tools.",
    )
    glm_patience: float = Field(
        18,
        ge=1,
        le=300,
        description="Seconds until an answer must begin, waits and other providers included; then it fails.",
    )

    mcp_servers: str = Field(
        "",
        description="MCP servers whose tools may be called, separated by commas: name=stdio:command or name=https://…; "
        "name[tool,tool] offers those only, and one marked with ! needs no approval.",
    )
    mcp_secrets: SecretStr | None = Field(
        None,
        description="What one of these servers alone is told, separated by commas: name.KEY=value, an environment "
        "variable of a command, else a header.",
    )

    weather_url: str = Field("", description="The root of the forecasts' API in place of Open-Meteo's.")
    geocoding_url: str = Field("", description="The root of the API that finds places, in place of Open-Meteo's.")

    database_url: str = Field("sqlite:///glimmer.db", description="Where conversations are kept.")
    database_sync: Literal["FULL", "NORMAL"] = Field(
        "FULL", description="NORMAL is faster but may forget the last messages when the power fails."
    )
    file_megabytes: int = Field(20, ge=1, le=1_000, description="Larger attachments are not read.")
    file_days: int = Field(
        30, ge=1, description="Attachments that were read are kept beside the database for so many days."
    )

    host: str = Field("127.0.0.1", description="Address of /healthz and /metrics.")
    port: int = Field(8080, ge=0, le=65535, description="Port of /healthz and /metrics; 0 takes a free one.")

    follow_up: FollowUp = Field(
        FollowUp.ASKER,
        description="Who need not mention the bot again in a thread: asker, always or mentioned (nobody).",
    )
    admins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="User ids of those who may change all rules and whom no rule keeps out, separated by commas."
    )
    default_deny: bool = Field(False, description="Answer only where, or whom, a rule allows.")
    access_allow: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="What is allowed from the start, separated by commas: server, category, channel, role or user, a "
        "colon and the id; another bot is answered only if its user is named.",
    )
    access_deny: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="What is denied from the start, in the same form."
    )
    quotas: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Quotas from the start, separated by commas: user 50 requests is one; user, channel or server for "
        "each, or with a colon and the id for one, likewise role; requests, tokens, usd, cny a day, or parallel.",
    )
    system_prompt: str = Field("", description="Instructions to the model in place of the built-in ones.")
    link_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Hosts to which answers may link also where strangers have written the address, with all below "
        "them, separated by commas: wiki.example is one.",
    )
    prompt_tokens: int = Field(24_000, ge=1_000, description="At most so many tokens of history and question are sent.")
    queue_limit: int = Field(20, ge=1, description="How many messages may wait in one conversation.")
    max_turns: int = Field(1_000, ge=1, description="How many answers may be written at once.")

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The least level that is logged."
    )
    log_format: Literal["console", "json", ""] = Field(
        "", description="console or json; empty: console on a terminal, else json."
    )

    @field_validator(
        *("discord_reply_channels", "glm_providers", "glm_fallbacks"),
        *("admins", "access_allow", "access_deny", "quotas", "link_hosts"),
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("glm_providers")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in value if name not in PROVIDERS]
        if unknown:
            raise ValueError(f"no such provider: {', '.join(unknown)}; choose from {', '.join(PROVIDERS)}")
        return value

    @field_validator("access_allow", "access_deny")
    @classmethod
    def _subjects(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(read_subject, value))

    @field_validator("quotas")
    @classmethod
    def _quotas(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            read_quota(text)
        return value

    @field_validator("link_hosts")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(read_host, value))

    @field_validator("database_url")
    @classmethod
    def _sqlite(cls, value: str) -> str:
        if not value.startswith("sqlite:///") or value == "sqlite:///":
            raise ValueError("must look like sqlite:///path/to/file.db")
        return value

    @field_validator("slack_bot_token", "slack_app_token")
    @classmethod
    def _token_kind(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        wanted = "xoxb-" if info.field_name == "slack_bot_token" else "xapp-"
        others = {"xoxb-", "xapp-", "xoxp-"} - {wanted}
        if value is not None and value.get_secret_value().startswith(tuple(others)):
            raise ValueError(f"this is another of the app's tokens; the right one begins with {wanted}")
        return value

    @field_validator(
        *("discord_api_url", "slack_api_url", "weather_url", "geocoding_url"),
        *("bigmodel_base_url", "zai_base_url", "aimlapi_base_url", "acedata_base_url"),
    )
    @classmethod
    def _url(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @property
    def database_path(self) -> str:
        """The file behind DATABASE_URL."""
        return self.database_url.removeprefix("sqlite:///")

    def provider_keys(self) -> dict[str, tuple[str, str]]:
        """Key and API root of each provider that is turned on, in the order to try them."""
        found: dict[str, tuple[str, str]] = {}
        for name in self.glm_providers:
            key: SecretStr | None = getattr(self, f"{name}_api_key")
            if key and key.get_secret_value().strip():
                found[name] = (key.get_secret_value().strip(), getattr(self, f"{name}_base_url"))
        return found


def load(overrides: Mapping[str, Any] | None = None) -> Settings:
    """Read the environment; raises OperatorError with one line per problem."""
    try:
        return Settings(**(overrides or {}))
    except ValidationError as error:
        lines = [
            f"{str(problem['loc'][0]).upper() if problem['loc'] else 'settings'}: "
            f"{problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors(include_input=False, include_url=False)
        ]
        raise OperatorError("\n".join(lines)) from None


def require_run(settings: Settings) -> None:
    """Refuse settings with which `glimmer run` could do nothing; raises OperatorError with one line per problem."""
    problems: list[str] = []
    if settings.discord_token is None and settings.slack_bot_token is None:
        problems.append(
            "DISCORD_TOKEN, SLACK_BOT_TOKEN: no platform is configured; set the bot's token of at least one"
        )
    if settings.slack_bot_token is None and (settings.slack_app_token or settings.slack_signing_secret):
        problems.append("SLACK_BOT_TOKEN: not set; copy it from the app's page OAuth & Permissions")
    if settings.slack_bot_token and not (settings.slack_app_token or settings.slack_signing_secret):
        problems.append(
            "SLACK_APP_TOKEN, SLACK_SIGNING_SECRET: Slack's events have no way in; set the first for Socket Mode or "
            "the second for HTTP"
        )
    if not settings.provider_keys():
        names = ", ".join(f"{name.upper()}_API_KEY" for name in settings.glm_providers)
        problems.append(f"{names}: no GLM provider is configured; set at least one of them")
    if problems:
        raise OperatorError("\n".join(problems))
