"""What arrives: asks, notes and controls, each stored once."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from bot.messages import Ask, Control
from bot.ports import Reception
from storage.approval import pass_over
from storage.connection import Transaction
from storage.rows import dump_ask, dump_control, load_ask, load_control

KEPT_NOTES = 20  # as many as a turn is given; older ones are forgotten


def accept(tx: Transaction, ask: Ask, wakes: bool, limit: int) -> Reception:
    """Store an ask in the conversation that it belongs to."""
    first = tx.one("ask_by_key", key=ask.key)
    if first is not None:
        return Reception.COMPLETED if _fill_attachments(tx, first, ask) else Reception.DUPLICATE
    parent = None
    if ask.reply_to:
        target = tx.one("reply_target", ref=ask.reply_to, platform=ask.address.platform)
        if target is not None:
            parent = target["id"]
            ask = replace(ask, conversation=target["conversation"])
    return _queue(tx, ask, parent, limit) if wakes else _note(tx, ask)


def _queue(tx: Transaction, ask: Ask, parent: int | None, limit: int) -> Reception:
    tx.run("know_conversation", conversation=ask.conversation)
    queue = tx.all("queue", conversation=ask.conversation)[0]
    if queue["waiting"] >= limit:
        _insert(tx, ask, "refused", None)
        return Reception.FULL
    _insert(tx, ask, "waiting", parent)
    pass_over(tx, ask.conversation)
    tx.run("schedule", conversation=ask.conversation)
    return Reception.WAITING if queue["waiting"] or queue["busy"] else Reception.TAKEN


def _note(tx: Transaction, ask: Ask) -> Reception:
    if knows(tx, ask.conversation):
        _insert(tx, ask, "note", None)
        tx.run("trim_notes", conversation=ask.conversation, keep=KEPT_NOTES)
    return Reception.NOTED


def _insert(tx: Transaction, ask: Ask, state: str, parent: int | None) -> None:
    tx.run(
        "insert_ask",
        key=ask.key,
        conversation=ask.conversation,
        platform=ask.address.platform,
        workspace=ask.address.workspace,
        channel=ask.address.channel,
        author=ask.author.id,
        at=ask.at,
        wakes=state != "note",
        alone=ask.alone,
        state=state,
        parent=parent,
        body=None if state == "refused" else dump_ask(ask),
    )


def _fill_attachments(tx: Transaction, first: sqlite3.Row, copy: Ask) -> bool:
    """Take over the files of a second copy while they can still matter; whether there were any to take."""
    if not (copy.attachments and first["unanswered"]):
        return False
    kept = load_ask(first["body"])
    if kept.attachments:
        return False
    tx.run("rewrite_ask", seq=first["seq"], body=dump_ask(replace(kept, attachments=copy.attachments)))
    return True


def accept_control(tx: Transaction, control: Control) -> bool:
    """Store a control; False for one that is settled."""
    tx.run("insert_control", key=control.key, body=dump_control(control))
    return not tx.all("control_settled", key=control.key)[0]["settled"]


def settle(tx: Transaction, key: str) -> None:
    """Note that a control has been acted on."""
    tx.run("settle", key=key)


def unsettled(tx: Transaction) -> list[Control]:
    """Controls to act on, oldest first."""
    return [load_control(row["body"]) for row in tx.all("unsettled")]


def has_asked(tx: Transaction, conversation: str, author: str) -> bool:
    """Whether this author has asked in this conversation."""
    return tx.one("has_asked", conversation=conversation, author=author) is not None


def knows(tx: Transaction, conversation: str) -> bool:
    """Whether anything was ever asked in this conversation."""
    return tx.one("knows", conversation=conversation) is not None


def pending(tx: Transaction, platform: str, author: str, workspace: str, channel: str) -> dict[str, str]:
    """The conversations of asks that wait or are being answered, by their keys."""
    rows = tx.all("pending", platform=platform, author=author, workspace=workspace, channel=channel)
    return {row["key"]: row["conversation"] for row in rows}
