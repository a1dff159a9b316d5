"""A disk as the system calls of a process leave it: what is synced, and what is only seen.

A file is what was synced and a list of changes since; a folder is the names that were synced and
those that are seen. An image is one choice among what a disk may have kept of both.
"""

import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

CALLS = ("openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "linkat", "unlink",
         "ftruncate", "fallocate", "mkdir", "sendto")
SECTOR = 512
KEPT = re.compile(r"\.$|(state|outputs)(/|$)")
SKIPPED = re.compile(r"/ballast$|/lock$|-shm$|/report(/|$)")
"""What nothing is remembered in, and what SQLite builds anew."""
TORN = 4

_CALL = re.compile(r"^\d+ +(\w+)\((.*)\) += (\d+)")
_HEX = re.compile(r'["<]((?:\\x[0-9a-f]{2})+)[">]')
_PROMPT = re.compile(rb'"prompt": ?"([^"]+)"')

Change = tuple[int, bytes | None]
"""Bytes at an offset, or a length that the file is cut or grown to."""
Image = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Step:
    """One call that succeeded: its name, its paths and bytes, its numbers and flags."""

    call: str
    texts: tuple[bytes, ...]
    rest: str
    gave: int

    @property
    def numbers(self) -> list[int]:
        """The numbers among its arguments, in order."""
        return [int(word) for word in re.findall(r"(?<![\w.])\d+(?![\w.])", self.rest)]


@dataclass(slots=True)
class Content:
    """The bytes of a file: those on the medium, and what was changed since."""

    kept: bytes = b""
    changes: list[Change] = field(default_factory=list)

    def read(self, dice: random.Random | None, share: float) -> bytes:
        """The bytes with that share of the changes; with dice, some are torn by sectors."""
        whole = bytearray(self.kept)
        for offset, data in self.changes:
            if share < 1 and (dice is None or dice.random() > share):
                continue
            if data is None:
                whole = whole[:offset] + bytes(max(0, offset - len(whole)))
            elif dice is None:
                _put(whole, offset, data)
            else:
                for start in range(0, len(data), SECTOR):
                    if dice.random() < 0.8:
                        _put(whole, offset + start, data[start:start + SECTOR])
        return bytes(whole)


class Disk:
    """The disk below a working folder, call by call."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sold: set[str] = set()
        self.told: dict[str, str] = {}
        self._seen: dict[str, int] = {}
        self._kept: dict[str, int] = {}
        self._contents: dict[int, Content] = {}
        self._ends: dict[int, int] = {}

    def take(self, step: Step) -> bool:
        """One more call; whether the disk, or what is known outside, has changed."""
        if step.call == "sendto":
            found = [match[1].decode() for text in step.texts for match in _PROMPT.finditer(text)]
            self.sold |= set(found)
            return bool(found)
        most = 1 if "write" in step.call else 4  # the rest is bytes
        names = [self._name(text) for text in step.texts[:most]]
        return bool(getattr(self, f"_{step.call}")(step, [name for name in names if name]))

    def images(self, dice: random.Random, torn: int = TORN) -> Iterator[tuple[str, Image]]:
        """What may be there if the power goes now, each with the choice that makes it."""
        for names, chosen in (("seen", self._seen), ("kept", self._kept)):
            for share, what in ((0.0, "only synced"), (1.0, "all")):
                yield f"{names} names, {what}", self._image(chosen, None, share)
        for number in range(torn):
            mixed = {**self._kept} if dice.random() < 0.5 else {**self._seen}
            yield f"some, torn {number}", self._image(mixed, dice, dice.random())

    def _image(self, names: Mapping[str, int], dice: random.Random | None,
               share: float) -> Image:
        return {name: self._contents[inode].read(dice, share) for name, inode in names.items()
                if inode in self._contents and all(
                    str(above) in names for above in Path(name).parents if str(above) != ".")}

    def _name(self, text: bytes) -> str:
        """A path below the root that matters, from the root on."""
        path = self.root / text.decode(errors="replace")
        name = str(path.relative_to(self.root)) if path.is_relative_to(self.root) else ""
        return name if KEPT.match(name) and not SKIPPED.search(name) else ""

    def _content(self, names: list[str]) -> Content | None:
        return self._contents.get(self._seen.get(names[0], -1)) if names else None

    def _openat(self, step: Step, names: list[str]) -> bool:
        self._ends[step.gave] = 0
        name = names[-1] if names else ""
        if name in ("", ".") or "O_CREAT" not in step.rest:
            return False
        if name not in self._seen:
            self._seen[name] = len(self._contents) + 1
            self._contents[self._seen[name]] = Content()
        elif "O_TRUNC" in step.rest:
            self._contents[self._seen[name]].changes.append((0, None))
        return True

    def _mkdir(self, step: Step, names: list[str]) -> bool:
        self._seen |= dict.fromkeys(names, 0)
        return bool(names)

    def _write(self, step: Step, names: list[str]) -> bool:
        descriptor = step.numbers[0]
        if descriptor == 2:
            self._hear(step.texts[-1])
        if content := self._content(names):
            start = self._ends.get(descriptor, 0)
            content.changes.append((start, step.texts[-1][:step.gave]))
            self._ends[descriptor] = start + step.gave
        return content is not None

    def _hear(self, line: bytes) -> None:
        """What the program tells of its jobs is what it stands by."""
        for words in line.splitlines():
            if b'"event": "job"' in words:
                says = json.loads(words)
                self.told[says["job"]] = says["state"]

    def _pwrite64(self, step: Step, names: list[str]) -> bool:
        if content := self._content(names):
            content.changes.append((step.numbers[-1], step.texts[-1][:step.gave]))
        return content is not None

    def _ftruncate(self, step: Step, names: list[str]) -> bool:
        if content := self._content(names):
            content.changes.append((step.numbers[-1], None))
        return content is not None

    def _fallocate(self, step: Step, names: list[str]) -> bool:
        if content := self._content(names):
            content.changes.append((sum(step.numbers[-2:]), None))
        return content is not None

    def _fsync(self, step: Step, names: list[str]) -> bool:
        if not step.texts:
            return False
        if content := self._content(names):
            content.kept, content.changes = content.read(None, 1.0), []
            return True
        folder = names[0] if names else ""
        if not folder:
            return False
        here = {name for name in (*self._seen, *self._kept)
                if str(Path(name).parent) == folder}
        for name in here:
            self._kept.pop(name, None)
        self._kept |= {name: self._seen[name] for name in here if name in self._seen}
        return True

    _fdatasync = _fsync

    def _rename(self, step: Step, names: list[str]) -> bool:
        if len(names) == 2:
            self._seen[names[1]] = self._seen.pop(names[0])
        return len(names) == 2

    def _linkat(self, step: Step, names: list[str]) -> bool:
        named = [name for name in names if name != "."]
        if named:
            self._seen[named[1]] = self._seen[named[0]]
        return bool(named)

    def _unlink(self, step: Step, names: list[str]) -> bool:
        return bool(names) and self._seen.pop(names[0], None) is not None


def _put(whole: bytearray, offset: int, data: bytes) -> None:
    if len(whole) < offset:
        whole += bytes(offset - len(whole))
    whole[offset:offset + len(data)] = data


def steps_of(trace: Path) -> Iterator[Step]:
    """The calls of a trace that succeeded, in the order in which they ended."""
    begun: dict[str, str] = {}
    for line in trace.read_text(errors="replace").splitlines():
        thread, _, rest = line.partition(" ")
        if rest.endswith(" <unfinished ...>"):
            begun[thread] = line.removesuffix(" <unfinished ...>")
            continue
        if " resumed>" in rest and thread in begun:
            line = begun.pop(thread) + line.partition(" resumed>")[2]
        if found := _CALL.match(line):
            call, words, gave = found.groups()
            texts = tuple(bytes.fromhex(text.replace("\\x", "")) for text in _HEX.findall(words))
            yield Step(call, texts, _HEX.sub(" ", words), int(gave))
