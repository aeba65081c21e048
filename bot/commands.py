"""What commands and buttons mean, on every platform alike."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from typing import Final, Protocol

from bot import access, metrics, prompt, spending, texts, vocabulary
from bot.choices import Choices, say
from bot.errors import UserError
from bot.gate import Gate
from bot.messages import Address, Ask, Control, ControlKind, Job, Reply
from bot.ports import Reception, Store, Summary
from bot.tool_commands import Tools

# How long a Regenerate waits for the delivery of the answer that it replaces, in seconds; Discord waits for 3.
DELIVERY_PATIENCE: Final = 2.0
# How many jobs are listed, the newest, and how many characters of the question of each.
_LISTED_JOBS: Final = 15
_BEGINNING: Final = 60
# Digits of a turn's number, as SQLite counts.
_DIGITS: Final = 18

Action = Callable[[Control], Awaitable[Reply]]


def in_words(action: Callable[[Control], Awaitable[str]]) -> Action:
    """The action of one that gives a sentence."""

    async def act(control: Control) -> Reply:
        return Reply(await action(control))

    return act


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


class Jobs(Protocol):
    """What commands need from whoever answers in the background."""

    async def cancel(self, turn: int) -> bool:
        """Cancel the job of this turn; False when it is over."""
        ...


def help_with(tools: Tools) -> Callable[[Control], Awaitable[str]]:
    """What /help says where these tools are commands as well."""

    async def act(control: Control) -> str:
        return say(control, "help", commands=vocabulary.listed(control.address.locale, tools))

    return act


class Commands:
    """Acts on controls, by `others` on those of their kinds; acting on the same one twice changes nothing more.

    `lasting` are the names of the tools that change something: an answer that is made again does not call them again.
    """

    def __init__(
        self,
        store: Store,
        lane: Lane,
        jobs: Jobs,
        choices: Choices,
        gate: Gate,
        others: Mapping[ControlKind, Action],
        lasting: Callable[[], Collection[str]],
    ) -> None:
        self._store = store
        self._gate = gate
        self._lane = lane
        self._background = jobs
        self._choices = choices
        self._lasting = lasting
        own: dict[ControlKind, Callable[[Control], Awaitable[str]]] = {
            ControlKind.STOP: self._stop,
            ControlKind.RESET: self._reset,
            ControlKind.REGENERATE: self._regenerate,
            ControlKind.RETRY: self._retry,
            ControlKind.CONTINUE: self._continue,
            ControlKind.MODEL: choices.change_model,
            ControlKind.PERSONA: choices.change_persona,
            ControlKind.THINKING: choices.change_thinking,
            ControlKind.USAGE: self._usage,
            ControlKind.JOBS: self._jobs,
            ControlKind.UPVOTE: self._rate,
            ControlKind.DOWNVOTE: self._rate,
            ControlKind.QUESTION_EDITED: self._question_edited,
            ControlKind.QUESTION_DELETED: self._question_deleted,
            ControlKind.ANSWER_DELETED: self._answer_deleted,
        }
        self._actions = {kind: in_words(action) for kind, action in own.items()} | dict(others)

    async def act(self, control: Control) -> Reply:
        """Do what the control says and return what is for its actor; raises UserError when it can't be done."""
        barred = await self._gate.may_do(control)
        if barred:
            raise UserError(barred)
        return await self._actions[control.kind](control)

    async def pinned(self, control: Control) -> Control:
        """The control about the conversation that it means now: with that forgotten it would mean another one."""
        if control.kind is not ControlKind.FORGET:
            return control
        return replace(control, conversation=await self._conversation(control))

    async def chosen_models(self, conversation: str, address: Address, author: str) -> dict[str, str]:
        """The models that are chosen and still offered, by scope, strongest first."""
        return await self._choices.chosen_models(conversation, address, author)

    async def _stop(self, control: Control) -> str:
        turn = await self._turn_to_stop(control)
        if turn is None:
            if await self._drop_waiting(control.conversation, control.actor.id):
                return say(control, "stopped_it")
            raise UserError(say(control, "nothing_to_stop"))
        self._check(control, turn)
        await self._drop_waiting(turn.conversation, turn.asker)
        await self._stop_turn(turn)
        # Whoever pressed a button sees the answer end; a command is answered in words.
        return "" if control.target else say(control, "stopped_it")

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
        conversation = await self._conversation(control)
        if not conversation or not await self._store.knows(conversation):
            raise UserError(say(control, "no_conversation"))
        turn = await self._store.open_turn(conversation)
        if turn and turn.state == "running":
            self._check(control, turn)
            await self._stop_turn(turn)
        await self._store.reset(conversation)
        return say(control, "reset_done")

    async def _conversation(self, control: Control) -> str:
        """The one that is meant, "" when there is none.

        Outside of any thread it is what the actor was last talking about in this place.
        """
        return control.conversation or await self._store.newest_conversation(control.address, control.actor.id)

    async def _retry(self, control: Control) -> str:
        turn = await self._store.last_turn(await self._conversation(control))
        if turn is None:
            raise UserError(say(control, "no_conversation"))
        await self._regenerate(replace(control, target=str(turn.id)))
        return say(control, "retrying")

    async def _regenerate(self, control: Control) -> str:
        turn = await self._steerable(control)
        if turn.state == "finished":
            # The button is visible a moment before the platform has confirmed that it is.
            await self._lane.delivered(turn.id, DELIVERY_PATIENCE)
            turn = await self._steerable(control)
        if turn.state != "delivered":
            raise UserError(say(control, "still_answering"))
        if not await self._store.reopen(turn.id, self._lasting()):
            raise UserError(say(control, "not_last"))
        self._lane.wake()
        return ""

    async def _continue(self, control: Control) -> str:
        turn = await self._steerable(control)
        if not turn.last:
            raise UserError(say(control, "not_last"))
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
        return say(control, "queue_full") if reception is Reception.FULL else ""

    async def _steerable(self, control: Control) -> Summary:
        turn = await self._store.turn(int(control.target))
        if turn is None:
            raise UserError(say(control, "not_last"))
        self._check(control, turn)
        return turn

    def _check(self, control: Control, turn: Summary) -> None:
        if not access.may_steer(control.actor, control.kind, turn.asker):
            raise UserError(say(control, "not_yours"))

    async def _usage(self, control: Control) -> str:
        return await spending.report(self._store, control, time.time())

    async def _jobs(self, control: Control) -> str:
        return await (self._cancel_job if control.value else self._list_jobs)(control)

    async def _list_jobs(self, control: Control) -> str:
        """The open jobs of the actor in this channel."""
        jobs = [job for job in await self._store.jobs() if _is_here(job, control) and _is_own(job, control)]
        if not jobs:
            return say(control, "no_jobs")
        now = time.time()
        lines = [_job_line(job, control, now) for job in jobs[-_LISTED_JOBS:]]
        return "\n".join([say(control, "jobs_open"), *lines, say(control, "jobs_how")])

    async def _cancel_job(self, control: Control) -> str:
        known = control.value.isdecimal() and len(control.value) <= _DIGITS
        job = await self._store.job(int(control.value)) if known else None
        # Elsewhere the actor's rights are others: there only what is their own is theirs.
        if job is None or not (_is_own(job, control) or _is_here(job, control)):
            raise UserError(say(control, "no_such_job"))
        if not access.may_steer(control.actor, control.kind, job.turn.ask.author.id):
            raise UserError(say(control, "not_yours"))
        if not await self._background.cancel(job.turn.id):
            raise UserError(say(control, "no_such_job"))
        return say(control, "job_cancelled", number=str(job.turn.id))

    async def _rate(self, control: Control) -> str:
        turn = await self._store.turn(int(control.target))
        if turn is None:
            raise UserError(say(control, "not_last"))
        score = 1 if control.kind is ControlKind.UPVOTE else -1
        await self._store.rate(turn.id, control.actor.id, score)
        metrics.ratings.labels(control.kind).inc()
        return say(control, "rated")

    async def _question_edited(self, control: Control) -> str:
        if control.call is not None:
            # It may be another one than was allowed when it was asked.
            tool = control.call.name
            barred = await self._gate.barred(control.address, control.actor, asking=False, tool=tool)
            if barred:
                raise UserError(barred)
        await self._store.rewrite_question(control.target, control.value, control.call)
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


def _is_own(job: Job, control: Control) -> bool:
    ask = job.turn.ask
    return ask.address.platform == control.address.platform and ask.author.id == control.actor.id


def _is_here(job: Job, control: Control) -> bool:
    """Whether a job was asked for in the channel of this control."""
    there, here = job.turn.ask.address, control.address
    return (there.platform, there.workspace, there.channel) == (here.platform, here.workspace, here.channel)


def _job_line(job: Job, control: Control, now: float) -> str:
    beginning = prompt.data(job.turn.ask.text, _BEGINNING).replace("`", "")
    minutes = max(0, int(now - job.since) // 60)
    return say(control, "job_line", number=str(job.turn.id), question=beginning, minutes=str(minutes))
