"""What commands that call a service share: settings, the clock, the catalog cache, the screens."""

import os
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import anyio

from pipeline.cli.options import Common
from pipeline.core.errors import Exit, Halt
from pipeline.core.money import Money
from pipeline.inputs.catalog_cache import CatalogCache, cache_folder
from pipeline.inputs.settings import Settings, read_settings
from pipeline.outputs.console import Screen, open_screen

T = TypeVar("T")


class Desk:
    """The things on the table when a command begins."""

    def __init__(self, common: Common) -> None:
        self.common = common
        self.settings: Settings = read_settings(Path(), os.environ)
        self.cache = CatalogCache(cache_folder(os.environ))
        self.now = time.time
        self.out: Screen = open_screen(sys.stdout, color=common.color)
        self.err: Screen = open_screen(sys.stderr, color=common.color)

    def account(self, named: str) -> str:
        """The account a person means: the one named, the setting's, or the sandbox."""
        return named or self.settings.default_account or "sandbox"


def go(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's waiting part."""
    async def outer() -> T:
        return await work

    return anyio.run(outer)


def amount(text: str | None, flag: str) -> Money | None:
    """An amount a person typed; raises `Halt` (2)."""
    if text is None:
        return None
    try:
        return Money.parse(text)
    except ValueError:
        raise Halt(Exit.USAGE, f"{flag} {text!r} is no amount",
                   hint="write credits as 500 or 12.5") from None
