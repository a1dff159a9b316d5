"""Providers of strangers' packages, found through the entry point group that they register in.

Law: a built-in provider cannot be replaced; nothing of a package is run before an account names its
provider; and a package that cannot be used is an error message, never a traceback. What such a
package does with a key is its own: a person who installs it trusts it.
"""

from importlib.metadata import EntryPoint, entry_points

from pipeline.core.errors import Exit, Halt
from pipeline.core.provider import STRANGERS
from pipeline.providers.entry import Entry
from pipeline.providers.registry import PROVIDERS


def find_entry(name: str) -> Entry | None:
    """How accounts at the provider of this name are made; None for one that nobody knows.

    Raises `Halt` (2) for a package that cannot be used.
    """
    return PROVIDERS.get(name) or _strange(name)


def known_names() -> list[str]:
    """Every provider there is, our own first."""
    strange = {point.name for point in entry_points(group=STRANGERS)}
    return [*PROVIDERS, *sorted(strange - PROVIDERS.keys())]


def _strange(name: str) -> Entry | None:
    points = list(entry_points(group=STRANGERS, name=name))
    if not points:
        return None
    if len({point.value for point in points}) > 1:
        packages = ", ".join(sorted(_package(point) for point in points))
        raise Halt(Exit.USAGE, f"several packages call themselves provider {name!r}: {packages}",
                   hint="uninstall all but one of them")
    return _loaded(points[0])


def _loaded(point: EntryPoint) -> Entry:
    try:
        entry = point.load()
    except (Exception, SystemExit) as error:
        raise _unusable(point, f"{type(error).__name__}: {error}") from error
    if not isinstance(entry, Entry):
        raise _unusable(point, f"{point.value} is no pipeline.providers.entry.Entry")
    if entry.dialect:
        raise _unusable(point, "it wants to live in the embedded sandbox, which has no room for it")
    return entry


def _unusable(point: EntryPoint, why: str) -> Halt:
    return Halt(Exit.USAGE, f"provider {point.name!r} of the package {_package(point)} cannot be "
                            f"used: {why[:300]}", hint="update the package, or uninstall it")


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value
