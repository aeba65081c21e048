"""Which files the store in memory knows beside the mail."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from storage.records import Mail


class MemoryFiles:
    """The part of `storage.memory.MemoryStore` that knows what the attachments of asks became."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._mail: dict[str, Mail] = {}
        self._files: dict[tuple[str, int], tuple[str, float]] = {}

    async def keep_file(self, ask: str, number: int, digest: str) -> bool:
        """Note which file an attachment became."""
        mail = self._mail.get(ask)
        if mail is None or not mail.useful:
            return False
        self._files[ask, number] = digest, self._clock()
        return True

    async def files(self, ask: str) -> Mapping[int, str]:
        """The files that the attachments of an ask became."""
        return {number: digest for (key, number), (digest, _) in sorted(self._files.items()) if key == ask}

    async def forget_files(self, ask: str) -> Collection[str]:
        """Forget the files of an ask."""
        digests = [self._files.pop((ask, number))[0] for number in await self.files(ask)]
        return set(digests) - set(await self.wanted_files(digests))

    async def forget_old_files(self, age: float) -> None:
        """Forget files that are too old or of no use any more."""
        oldest = self._clock() - age
        kept = {key: file for key, file in self._files.items() if file[1] >= oldest and self._mail[key[0]].useful}
        self._files = kept

    async def wanted_files(self, digests: Sequence[str]) -> Collection[str]:
        """Those of the files that belong to an ask."""
        return {digest for digest, _ in self._files.values()} & set(digests)
