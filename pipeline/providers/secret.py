"""A key, kept out of everything that is printed, written down or handed on.

Law: a key is revealed to one header, and whatever a service answers is cleared of it before anybody
reads it: services have quoted keys in their complaints.
"""

import base64
from urllib.parse import quote, quote_plus

SHORTEST = 8
"""Characters; a shorter key is found in honest words, and is no key of a service."""
DOTS = "••••"

X_API_KEY, BEARER, BARE = ("x-api-key", ""), ("authorization", "Bearer "), ("authorization", "")
"""How a service wants its key: the header, and what stands before the key."""


class Secret:
    """A key that shows as dots wherever it is printed."""

    __slots__ = ("_spellings", "_value")

    def __init__(self, value: str) -> None:
        self._value = value
        self._spellings = _spellings(value) if len(value) >= SHORTEST else ()

    def __repr__(self) -> str:
        return f"Secret('{DOTS}')"

    def __bool__(self) -> bool:
        return bool(self._value)

    def reveal(self) -> str:
        """The key itself, for the one header that carries it."""
        return self._value

    def clear(self, text: str) -> str:
        """A text with dots in place of the key, in each of the ways in which it is usually spelled.

        >>> Secret("sk/live+42").clear("sk%2Flive%2B42, c2svbGl2ZSs0Mg== or sk/live+42?")
        '••••, •••• or ••••?'
        """
        for spelling in self._spellings:
            text = text.replace(spelling, DOTS)
        return text

    def clear_bytes(self, content: bytes) -> bytes:
        """The same for a body that nobody has read yet."""
        for spelling in self._spellings:
            content = content.replace(spelling.encode(), DOTS.encode())
        return content


def _spellings(value: str) -> tuple[str, ...]:
    """Plain, as part of an address, in JSON with its slashes escaped, and in base64."""
    packed = (base64.b64encode(value.encode()).decode(),
              base64.urlsafe_b64encode(value.encode()).decode())
    found = {value, quote(value), quote(value, safe=""), quote_plus(value),
             value.replace("/", "\\/"), *packed, *(each.rstrip("=") for each in packed)}
    return tuple(sorted(found, key=lambda spelling: -len(spelling)))
