"""Manifests written by tests."""

from pathlib import Path

from pipeline.core.errors import AuthorError, Problem
from pipeline.core.manifest import Manifest
from pipeline.inputs.manifest import read_manifest

HEAD = "version: 1\nname: x\ncampaigns:\n- name: a\n  models: [m]\n  prompt: p\n"
"""A whole manifest; lines for its campaign, or keys of the manifest, can follow."""


def read(folder: Path, text: str | bytes) -> Manifest:
    """Read a manifest with this text."""
    path = folder / "manifests" / "m.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode(errors="surrogatepass"))
    return read_manifest(path)


def problems(folder: Path, text: str | bytes) -> list[Problem]:
    """What is told of a manifest with this text."""
    try:
        read(folder, text)
    except AuthorError as error:
        return error.problems
    return []
