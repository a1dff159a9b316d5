"""The folders around a manifest, and what may be read from them.

Law: a template or a table is inside the project, which is the parent of the manifest's folder, also
after every symbolic link is followed.
"""

from dataclasses import dataclass
from pathlib import Path

from pipeline.core.errors import Position
from pipeline.inputs.complaints import did_you_mean, show
from pipeline.inputs.text_file import refuse

_MAX_LISTED = 1000


@dataclass(frozen=True, slots=True)
class ProjectFolder:
    """The folder of a manifest."""

    folder: Path

    @property
    def project(self) -> Path:
        """What the author's files must not leave."""
        return self.folder.resolve().parent

    @property
    def template_roots(self) -> tuple[Path, ...]:
        """Where templates are looked for, in this order."""
        return self.folder, self.folder / "templates", self.folder / ".." / "templates"

    def template(self, name: str, at: Position | None) -> Path:
        """The file of a template. Raises `AuthorError`."""
        if path := self.find_template(name, at):
            return path
        raise refuse(f"template {show(name)} was not found", at,
                     did_you_mean(name, self._templates()) or
                     "it is looked for beside the manifest, in templates/ beside it, "
                     "and in ../templates/")

    def find_template(self, name: str, at: Position | None) -> Path | None:
        """The file of a template, or None. Raises `AuthorError` if it lies outside."""
        for root in self.template_roots:
            if self._exists(root / name, name, at):
                return shorten(root / name)
        return None

    def table(self, name: str, at: Position | None) -> Path:
        """The file of a table. Raises `AuthorError`."""
        path = self.folder / name
        if self._exists(path, name, at):
            return shorten(path)
        near = [other.name for other in self._files(path.parent)]
        raise refuse(f"table {show(name)} was not found", at,
                     did_you_mean(path.name, near) or
                     f"tables are looked for in {shorten(self.folder)}/")

    def _exists(self, path: Path, name: str, at: Position | None) -> bool:
        try:
            inside = path.resolve().is_relative_to(self.project)
            there = path.exists()
        except (OSError, RuntimeError, ValueError):
            raise refuse(f"{show(name)} is not a usable path", at) from None
        if there and not inside:
            raise refuse(f"{show(name)} lies outside the project", at,
                         f"move it into {self.project}")
        return there

    def _templates(self) -> list[str]:
        return [path.name for root in self.template_roots for path in self._files(root)
                if path.suffix in (".j2", ".txt", ".jinja", ".jinja2", ".md")]

    def _files(self, folder: Path) -> list[Path]:
        try:
            found = sorted(folder.iterdir()) if folder.resolve().is_relative_to(
                self.project) else []
        except (OSError, RuntimeError, ValueError):
            return []
        return [path for path in found[:_MAX_LISTED] if path.is_file()]


def shorten(path: Path) -> Path:
    """A path as people like to read it: without detours, and from here if it is below here."""
    whole = Path.cwd() / path
    tidy = whole.parent.resolve() / whole.name
    here = Path.cwd().resolve()
    return tidy.relative_to(here) if tidy.is_relative_to(here) else tidy
