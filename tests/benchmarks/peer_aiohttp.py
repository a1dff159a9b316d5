"""A bare aiohttp loop: 64 connections, a start and a look a job, nothing remembered."""

import asyncio

import aiohttp
from beside import LINES, Stopwatch, contend


async def make(url: str, size: int) -> None:
    """So many jobs, one after the other on each connection."""
    left = iter(range(size))

    async def work() -> None:
        for _ in left:
            async with session.post(f"{url}/v1/generate/media", json={
                    "prompt": "a picture", "model": "nano-banana"}) as answer:
                name = (await answer.json())["generation_id"]
            async with session.get(f"{url}/v1/generate/media/{name}") as answer:
                if (await answer.json())["status"] != "completed":
                    raise RuntimeError(await answer.text())

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=LINES)) as session:
        await asyncio.gather(*(work() for _ in range(LINES)))


def race(url: str, size: int, watch: Stopwatch) -> None:
    """The part of it that counts."""
    with watch:
        asyncio.run(make(url, size))


if __name__ == "__main__":
    contend(race)
