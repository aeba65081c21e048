"""Which files beside the database the attachments of asks became."""

from __future__ import annotations

import json
from collections.abc import Collection

from storage.connection import Transaction


def keep_file(tx: Transaction, ask: str, number: int, digest: str) -> bool:
    """Note what an attachment became, unless its ask is of no use any more."""
    return tx.run("keep_file", ask=ask, number=number, digest=digest) > 0


def files(tx: Transaction, ask: str) -> dict[int, str]:
    """What the attachments of an ask became."""
    return {row["number"]: row["digest"] for row in tx.all("files", ask=ask)}


def forget_files(tx: Transaction, ask: str) -> set[str]:
    """Forget the files of an ask, and say which of them belong to nobody now."""
    digests = {row["digest"] for row in tx.all("forget_files", ask=ask)}
    return digests - wanted_files(tx, digests)


def forget_old_files(tx: Transaction, age: float) -> None:
    """Forget files that are too old or of no use any more."""
    tx.run("forget_old_files", age=age)


def wanted_files(tx: Transaction, digests: Collection[str]) -> set[str]:
    """Those that belong to an ask."""
    return {row["digest"] for row in tx.all("wanted_files", digests=json.dumps(list(digests)))}
