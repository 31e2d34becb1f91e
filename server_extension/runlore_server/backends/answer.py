"""What a Dask cluster answers, in a time with an end: a worker that hangs answers nobody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from distributed import Client

Question = Callable[[Client], Awaitable[Any]]
"""Called in the client's event loop, where its methods give something to be awaited."""


def answer(client: Client, question: Question, within: float) -> Any:
    """What the cluster says. Blocks, but for ``within`` seconds at the most.

    Raises:
        asyncio.TimeoutError: it has not answered by then.
        Exception: whatever Dask raises where there is no connection.
    """

    async def asked() -> Any:
        return await question(client)

    return client.sync(asked, callback_timeout=within)
