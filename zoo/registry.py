"""Names for things that a person chooses by name: cells, attentions, builders, strategies."""

import fnmatch
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from zoo.errors import unknown_name

T = TypeVar("T")


class Registry(Generic[T]):
    """A mapping from public names to the things they make, filled by a decorator.

    Args:
        kind: What one entry is, in the singular; it is used in error messages.

    Example:

    >>> cells = Registry("cell")
    >>> @cells.register("echo")
    ... class Echo: ...
    >>> cells.get("echo") is Echo, cells.names("e*")
    (True, ['echo'])
    """

    def __init__(self, kind: str):
        self.kind = kind
        self._entries: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Returns a decorator that puts its argument under `name`; a name can be taken once."""

        def decorate(entry: T) -> T:
            if name in self._entries:
                raise ValueError(f"the {self.kind} name {name!r} is taken")
            self._entries[name] = entry
            return entry

        return decorate

    def get(self, name: str) -> T:
        """Returns the entry; raises `InputError` with the near names where there is none."""
        if name not in self._entries:
            raise unknown_name(self.kind, name, self._entries)
        return self._entries[name]

    def names(self, pattern: str = "*") -> list[str]:
        """Returns the sorted names that match a shell pattern."""
        return sorted(fnmatch.filter(self._entries, pattern))

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())
