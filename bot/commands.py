"""What /model, /stop, /reset and the buttons mean, on every platform alike."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from bot import access, metrics, texts
from bot.errors import UserError
from bot.messages import Address, Ask, Control, ControlKind
from bot.ports import Model, Reception, Store, Summary

MODEL_SETTING: Final = "model"

# How long a Regenerate waits for the delivery of the answer that it replaces, in seconds; Discord waits for 3.
DELIVERY_PATIENCE: Final = 2.0


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


class Lane(Protocol):
    """What commands need from whoever runs the turns."""

    def stop(self, turn: int, *, retract: bool = False) -> None:
        """End a turn that runs here, and with `retract` remove its answer; does nothing for others."""
        ...

    def page_deleted(self, turn: int, ref: str) -> None:
        """End a turn that runs here, one of whose pages a person has deleted."""
        ...

    def running(self, address: Address, author: str) -> int | None:
        """The newest turn of this author that runs in this channel."""
        ...

    async def delivered(self, turn: int, seconds: float) -> None:
        """Wait until a turn that runs here is over, at most so long."""
        ...

    def wake(self) -> None:
        """Look for work now."""
        ...

    async def ask(self, ask: Ask) -> Reception:
        """Take in an ask."""
        ...

    def tell(self, ask: Ask, text: str) -> None:
        """Say one of our sentences to whoever asked this."""
        ...


class Commands:
    """Acts on controls; acting on the same one twice changes nothing more."""

    def __init__(self, store: Store, model: Model, lane: Lane, *, default_model: str) -> None:
        self._store = store
        self._model = model
        self._lane = lane
        self._default = default_model
        self._actions: dict[ControlKind, Callable[[Control], Awaitable[str]]] = {
            ControlKind.STOP: self._stop,
            ControlKind.RESET: self._reset,
            ControlKind.REGENERATE: self._regenerate,
            ControlKind.CONTINUE: self._continue,
            ControlKind.MODEL: self._set_model,
            ControlKind.HELP: self._help,
            ControlKind.UPVOTE: self._rate,
            ControlKind.DOWNVOTE: self._rate,
            ControlKind.QUESTION_EDITED: self._question_edited,
            ControlKind.QUESTION_DELETED: self._question_deleted,
            ControlKind.ANSWER_DELETED: self._answer_deleted,
        }

    async def act(self, control: Control) -> str:
        """Do what the control says and return the sentence for its actor; raises UserError when it can't be done."""
        return await self._actions[control.kind](control)

    async def chosen_model(self, conversation: str, address: Address, author: str) -> str:
        """The model that this author's next question in this conversation goes to."""
        return next(iter((await self.chosen_models(conversation, address, author)).values()), self._default)

    async def chosen_models(self, conversation: str, address: Address, author: str) -> dict[str, str]:
        """The models that are chosen and still offered, by scope, strongest first."""
        keys = scope_keys(conversation, address, author)
        values = await self._store.settings(MODEL_SETTING, tuple(keys.values()))
        available = {info.name for info in self._model.models()}
        return {scope: values[key] for scope, key in keys.items() if values.get(key) in available}

    async def _stop(self, control: Control) -> str:
        turn = await self._turn_to_stop(control)
        if turn is None:
            if await self._drop_waiting(control.conversation, control.actor.id):
                return _say(control, "stopped_it")
            raise UserError(_say(control, "nothing_to_stop"))
        self._check(control, turn)
        await self._drop_waiting(turn.conversation, turn.asker)
        await self._stop_turn(turn)
        # Whoever pressed a button sees the answer end; a command is answered in words.
        return "" if control.target else _say(control, "stopped_it")

    async def _drop_waiting(self, conversation: str, author: str) -> bool:
        """Drop what waits of this author; a command that waits is told, as its answer has a place already."""
        dropped = await self._store.drop_waiting(conversation, author)
        for ask in dropped:
            if ask.alone:
                self._lane.tell(ask, "stopped")
        return bool(dropped)

    async def _turn_to_stop(self, control: Control) -> Summary | None:
        if control.target:
            turn = await self._store.turn(int(control.target))
        elif control.conversation:
            turn = await self._store.open_turn(control.conversation)
        else:
            running = self._lane.running(control.address, control.actor.id)
            turn = await self._store.turn(running) if running is not None else None
        return turn if turn and turn.state == "running" else None

    async def _reset(self, control: Control) -> str:
        # Given outside of any thread it is meant for what the actor was last talking about in this place.
        conversation = control.conversation or await self._store.newest_conversation(control.address, control.actor.id)
        if not conversation or not await self._store.knows(conversation):
            raise UserError(_say(control, "no_conversation"))
        turn = await self._store.open_turn(conversation)
        if turn and turn.state == "running":
            self._check(control, turn)
            await self._stop_turn(turn)
        await self._store.reset(conversation)
        return _say(control, "reset_done")

    async def _regenerate(self, control: Control) -> str:
        turn = await self._steerable(control)
        if turn.state == "finished":
            # The button is visible a moment before the platform has confirmed that it is.
            await self._lane.delivered(turn.id, DELIVERY_PATIENCE)
            turn = await self._steerable(control)
        if turn.state != "delivered":
            raise UserError(_say(control, "still_answering"))
        if not await self._store.reopen(turn.id):
            raise UserError(_say(control, "not_last"))
        self._lane.wake()
        return ""

    async def _continue(self, control: Control) -> str:
        turn = await self._steerable(control)
        if not turn.last:
            raise UserError(_say(control, "not_last"))
        reception = await self._lane.ask(
            Ask(
                key=f"continue/{turn.id}",
                conversation=turn.conversation,
                address=control.address,
                author=control.actor,
                text=texts.CONTINUE_PROMPT,
                at=time.time(),
                message="",
            )
        )
        return _say(control, "queue_full") if reception is Reception.FULL else ""

    async def _steerable(self, control: Control) -> Summary:
        turn = await self._store.turn(int(control.target))
        if turn is None:
            raise UserError(_say(control, "not_last"))
        self._check(control, turn)
        return turn

    def _check(self, control: Control, turn: Summary) -> None:
        if not access.may_steer(control.actor, control.kind, turn.asker):
            raise UserError(_say(control, "not_yours"))

    async def _set_model(self, control: Control) -> str:
        names = [info.name for info in self._model.models()]
        listed = ", ".join(f"`{name}`" for name in names)
        if not control.value:
            now = await self.chosen_model(control.conversation, control.address, control.actor.id)
            return _say(control, "model_now", model=now, models=listed)
        if control.value != "default" and control.value not in names:
            raise UserError(_say(control, "model_unknown", model=control.value[:64].replace("`", ""), models=listed))
        key = self._scope_key(control)
        await self._store.set_setting(key, MODEL_SETTING, None if control.value == "default" else control.value)
        scope = _say(control, f"scope_{control.scope}")
        if control.value == "default":
            return _say(control, "model_unset", scope=scope, model=self._default)
        return _say(control, "model_set", scope=scope, model=control.value)

    def _scope_key(self, control: Control) -> str:
        keys = scope_keys(control.conversation, control.address, control.actor.id)
        if control.scope not in keys:
            raise UserError(_say(control, "no_conversation"))
        if not access.may_set(control.actor, control.scope):
            raise UserError(_say(control, "may_not_manage", scope=_say(control, f"scope_{control.scope}")))
        return keys[control.scope]

    async def _rate(self, control: Control) -> str:
        turn = await self._store.turn(int(control.target))
        if turn is None:
            raise UserError(_say(control, "not_last"))
        score = 1 if control.kind is ControlKind.UPVOTE else -1
        await self._store.rate(turn.id, control.actor.id, score)
        metrics.ratings.labels(control.kind).inc()
        return _say(control, "rated")

    async def _help(self, control: Control) -> str:
        return _say(control, "help")

    async def _question_edited(self, control: Control) -> str:
        await self._store.rewrite_question(control.target, control.value)
        return ""

    async def _question_deleted(self, control: Control) -> str:
        # The write goes first: what is said after the deletion must not be answered with it in the history.
        await self._store.withdraw_question(control.target)
        turn = await self._store.turn_of_question(control.target)
        if turn and turn.state == "running" and turn.asks == 1:
            await self._store.request_stop(turn.id)
            self._lane.stop(turn.id, retract=True)
        return ""

    async def _answer_deleted(self, control: Control) -> str:
        turn = await self._store.turn_of_post(control.target)
        if turn and turn.state == "running":
            await self._store.request_stop(turn.id)
            self._lane.page_deleted(turn.id, control.target)
        await self._store.forget_post(control.target)
        return ""

    async def _stop_turn(self, turn: Summary) -> None:
        await self._store.request_stop(turn.id)
        self._lane.stop(turn.id)


def _say(control: Control, text: str, **facts: str) -> str:
    return texts.say(text, control.address.locale, **facts)
