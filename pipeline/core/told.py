"""A sequence whose entries are made when somebody asks for them."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import TypeVar, overload

T = TypeVar("T")


class Told(Sequence[T]):
    """What is kept of an entry is less than the entry; `at` makes it."""

    @abstractmethod
    def at(self, number: int) -> T:
        """The entry of this number, counted from 0."""

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> list[T]: ...

    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return [self.at(number) for number in range(*index.indices(len(self)))]
        return self.at(range(len(self))[index])

    def __iter__(self) -> Iterator[T]:
        return map(self.at, range(len(self)))
