"""What people choose: model, persona, thinking, and whether they see that; by conversation, place or person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from bot import access, texts
from bot.completion import ModelInfo, Thinking
from bot.errors import UserError
from bot.messages import Address, Control
from bot.personas import Persona, personas
from bot.ports import Model, Store
from bot.vocabulary import DEFAULT, HIDE, ON, SHOW

# The names under which they are stored.
MODEL_SETTING: Final = "model"
PERSONA_SETTING: Final = "persona"
THINKING_SETTING: Final = "thinking"
REASONING_SETTING: Final = "reasoning"

# What is said of a value that nobody knows.
_SHOWN_VALUE: Final = 64
_LEVELS: Final = tuple(Thinking)
_REASONING: Final = {SHOW: "reasoning_show", HIDE: "reasoning_hide"}


def scope_keys(conversation: str, address: Address, author: str) -> dict[str, str]:
    """The keys under which the settings of each existing scope are stored, strongest first."""
    platform = address.platform
    keys = {
        "conversation": f"conversation/{conversation}" if conversation else "",
        "channel": f"channel/{platform}/{address.channel}" if address.workspace and not address.direct else "",
        "me": f"user/{platform}/{author}",
        "server": f"server/{platform}/{address.workspace}" if address.workspace else "",
    }
    return {scope: key for scope, key in keys.items() if key}


def say(control: Control, text: str, **facts: str) -> str:
    """One of our sentences in the language of whoever gave this control."""
    return texts.say(text, control.address.locale, **facts)


class Choices:
    """Finds out what was chosen, and changes it; a narrower scope goes before a wider one."""

    def __init__(self, store: Store, model: Model, *, default_model: str) -> None:
        self._store = store
        self._model = model
        self._default = default_model

    async def chosen_model(self, conversation: str, address: Address, author: str) -> str:
        """The model that this author's next question in this conversation goes to."""
        return next(iter((await self.chosen_models(conversation, address, author)).values()), self._default)

    async def chosen_models(self, conversation: str, address: Address, author: str) -> dict[str, str]:
        """The models that are chosen and still offered, by scope, strongest first."""
        available = {info.name for info in self._model.models()}
        chosen = await self._chosen(MODEL_SETTING, scope_keys(conversation, address, author))
        return {scope: name for scope, name in chosen.items() if name in available}

    async def chosen_persona(self, conversation: str, address: Address, author: str) -> Persona | None:
        """Who the bot is for this author's next question; None when nobody has chosen."""
        chosen = await self._chosen(PERSONA_SETTING, scope_keys(conversation, address, author))
        return next((personas()[name] for name in chosen.values() if name in personas()), None)

    async def chosen_thinking(self, conversation: str, address: Address, author: str) -> Thinking | None:
        """How much a model shall think about this author's next question; None for as little as it can."""
        chosen = await self._chosen(THINKING_SETTING, scope_keys(conversation, address, author))
        return next((Thinking(level) for level in chosen.values() if level in _LEVELS), None)

    async def shows_reasoning(self, conversation: str, address: Address, author: str) -> bool:
        """Whether this author's answers come with what the model thought."""
        chosen = await self._chosen(REASONING_SETTING, scope_keys(conversation, address, author))
        return next(iter(chosen.values()), HIDE) == SHOW

    async def change_model(self, control: Control) -> str:
        """Show or switch the model; raises UserError."""
        names = [info.name for info in self._model.models()]
        if not control.value:
            now = await self.chosen_model(control.conversation, control.address, control.actor.id)
            return say(control, "model_now", model=now, models=_listed(names))
        if control.value == DEFAULT:
            scope = await self.keep(control, MODEL_SETTING, None)
            return say(control, "model_unset", scope=scope, model=self._default)
        if control.value not in names:
            raise UserError(say(control, "model_unknown", model=_quotable(control.value), models=_listed(names)))
        scope = await self.keep(control, MODEL_SETTING, control.value)
        return say(control, "model_set", scope=scope, model=control.value)

    async def change_persona(self, control: Control) -> str:
        """Show or switch the persona; raises UserError."""
        if not control.value:
            return await self._persona_now(control)
        if control.value == DEFAULT:
            return say(control, "persona_unset", scope=await self.keep(control, PERSONA_SETTING, None))
        if control.value not in personas():
            names = _listed(tuple(personas()))
            raise UserError(say(control, "persona_unknown", persona=_quotable(control.value), personas=names))
        scope = await self.keep(control, PERSONA_SETTING, control.value)
        return say(control, "persona_set", scope=scope, persona=control.value)

    async def _persona_now(self, control: Control) -> str:
        chosen = await self.chosen_persona(control.conversation, control.address, control.actor.id)
        lines = [f"`{name}` {persona.described(control.address.locale)}" for name, persona in personas().items()]
        now = next((name for name, persona in personas().items() if persona is chosen), DEFAULT)
        return "\n".join([say(control, "persona_now", persona=now), *lines])

    async def change_thinking(self, control: Control) -> str:
        """Show or set how much a model thinks, or whether people see it; raises UserError."""
        model = await self._model_in_use(control)
        if not control.value:
            return await self._thinking_now(control, model)
        if control.value in _REASONING:
            scope = await self.keep(control, REASONING_SETTING, control.value)
            return say(control, _REASONING[control.value], scope=scope)
        if control.value == DEFAULT:
            return say(control, "thinking_unset", scope=await self.keep(control, THINKING_SETTING, None))
        level = Thinking.HIGH if control.value == ON else control.value
        if level not in _LEVELS:
            raise UserError(say(control, "thinking_unknown", level=_quotable(level), levels=_listed(_LEVELS)))
        scope = await self.keep(control, THINKING_SETTING, level)
        done = say(control, "thinking_set", scope=scope, level=level)
        remark = _remark(control, Thinking(level), model)
        return f"{done} {remark}".rstrip()

    async def _thinking_now(self, control: Control, model: ModelInfo) -> str:
        who = (control.conversation, control.address, control.actor.id)
        shown = say(control, "reasoning_shown" if await self.shows_reasoning(*who) else "reasoning_hidden")
        if not model.thinking:
            return f"{say(control, 'thinking_free', model=model.name)} {shown}"
        level = heeded(await self.chosen_thinking(*who), model.thinking)
        now = say(control, "thinking_now", model=model.name, level=level, levels=_listed(model.thinking))
        return f"{now} {shown}"

    async def _model_in_use(self, control: Control) -> ModelInfo:
        name = await self.chosen_model(control.conversation, control.address, control.actor.id)
        return next(info for info in self._model.models() if info.name == name)

    async def _chosen(self, setting: str, keys: dict[str, str]) -> dict[str, str]:
        """What is stored of a setting by scope, strongest first."""
        values = await self._store.settings(setting, tuple(keys.values()))
        return {scope: values[key] for scope, key in keys.items() if key in values}

    async def keep(self, control: Control, setting: str, value: str | None) -> str:
        """Store a value for the scope that a control names; how that scope is called."""
        keys = scope_keys(control.conversation, control.address, control.actor.id)
        if control.scope not in keys:
            raise UserError(say(control, "no_conversation"))
        name = say(control, f"scope_{control.scope}")
        if not access.may_set(control.actor, control.scope):
            raise UserError(say(control, "may_not_manage", scope=name))
        actor = f"{control.address.platform}/{control.actor.id}"
        await self._store.set_setting(keys[control.scope], setting, value, by=actor)
        return name


def heeded(wanted: Thinking | None, known: Sequence[Thinking]) -> Thinking:
    """The level that a model takes: of those that it knows the nearest below, else the least; None wants the least."""
    rank: Callable[[Thinking], int] = _LEVELS.index
    fitting = [level for level in known if wanted is not None and rank(level) <= rank(wanted)]
    return max(fitting, key=rank) if fitting else min(known, key=rank)


def _remark(control: Control, level: Thinking, model: ModelInfo) -> str:
    """What is to be said when the model in use does not know a level."""
    if not model.thinking:
        return say(control, "thinking_free", model=model.name)
    if level in model.thinking:
        return ""
    return say(control, "thinking_nearest", model=model.name, level=heeded(level, model.thinking))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _quotable(value: str) -> str:
    return value[:_SHOWN_VALUE].replace("`", "")
