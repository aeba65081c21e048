from __future__ import annotations

from storage.memory import MemoryStore
from tests.contract.store.samples import ask, claimed, put


async def test_what_was_said_in_a_withdrawn_question_is_not_kept_nor_edited_back() -> None:
    store = MemoryStore(lambda: 0.0)
    await put(store, ask(1), ask(2), ask(3, "bob"))
    await claimed(store)
    for key in ("m1", "m3"):
        await store.withdraw_question(key)
        await store.rewrite_question(key, "better")
    assert [mail.ask.text for mail in store._mail.values()] == ["", "text 2", ""]
