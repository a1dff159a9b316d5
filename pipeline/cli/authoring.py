"""Commands for who writes manifests: init, validate, schema."""

import sys
from pathlib import Path

import click

from pipeline.cli.desk import Desk, go
from pipeline.cli.options import Common, everywhere, print_json
from pipeline.core.errors import AuthorError, Exit, Halt, Problem
from pipeline.inputs.schema import manifest_schema
from pipeline.outputs.console import foreign
from pipeline.outputs.printable import LINE_CHARS
from pipeline.wiring.planning import Wish, check
from pipeline.wiring.starter import STARTER


@click.command("init")
@click.argument("folder", metavar="[DIR]", default=".",
                type=click.Path(file_okay=False, path_type=Path))
@everywhere
def init_command(folder: Path, *, common: Common) -> int:
    """Write a manifest, a template and settings that run as they are on the sandbox."""
    there = [name for name in STARTER if (folder / name).exists()]
    if there:
        raise Halt(Exit.USAGE, f"{folder / there[0]} is there already; nothing was written",
                   code="exists", hint="choose an empty folder: pipeline init my-campaign")
    for name, text in STARTER.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    names = [str(folder / name) for name in STARTER]
    if common.as_json:
        print_json({"schema_version": 1, "written": names})
        return 0
    step = "" if folder == Path() else f"cd {folder} && "
    sys.stdout.write("".join(f"wrote {name}\n" for name in names)
                     + f"try: {step}pipeline run manifests/campaign.yaml\n")
    return 0


@click.command("validate")
@click.argument("manifests", nargs=-1, required=True,
                type=click.Path(dir_okay=False, path_type=Path))
@click.option("--live", is_flag=True, help="Fetch the catalog instead of using the last one.")
@click.option("--account", default="", help="Check for this account.")
@everywhere
def validate_command(manifests: tuple[Path, ...], *, live: bool, account: str,
                     common: Common) -> int:
    """Check manifests against the last catalog; all problems at once."""
    desk = Desk(common)
    problems: list[Problem] = []
    plans: list[tuple[Path, int]] = []
    for manifest in manifests:
        wish = Wish(manifest, common.state, account or desk.settings.default_account, live=live)
        try:
            plans.append((manifest, go(check(wish, desk.settings, desk.cache, desk.now))))
        except AuthorError as error:
            problems += error.problems
    if problems:
        raise AuthorError(problems)
    if common.as_json:
        print_json({"schema_version": 1, "manifests": [
            {"file": str(path), "jobs": jobs} for path, jobs in plans], "problems": []})
    elif not common.quiet:
        for path, jobs in plans:
            desk.out.print(foreign(f"{path}: {jobs} jobs, no problem", limit=LINE_CHARS),
                           soft_wrap=True)
    return 0


@click.command("schema")
@everywhere
def schema_command(*, common: Common) -> int:
    """Print the JSON Schema of the manifest."""
    print_json(manifest_schema())
    return 0
