"""Goal: a cached catalog comes back exactly, or not at all.

Method: write and read in a temporary folder; damage the file in many ways.
"""

from decimal import Decimal
from pathlib import Path

import pytest

from pipeline.inputs.catalog_cache import CatalogCache, cache_folder

PAYLOAD = {"models": [{"id": "é\u2028", "cost": Decimal("14.10"), "tiny": Decimal("1E-7"), "n": 3,
                       "none": None, "yes": True, "list": [], "map": {}}], "total_count": 1}
WHEN = "2026-01-02T03:04:05Z"


@pytest.fixture
def cache(tmp_path: Path) -> CatalogCache:
    return CatalogCache(tmp_path / "deep" / "cache")


def test_what_was_written_is_read_with_exact_numbers(cache: CatalogCache) -> None:
    assert cache.read("kubeez") is None
    cache.write("kubeez", PAYLOAD, WHEN)
    assert cache.read("kubeez") == (PAYLOAD, WHEN)
    again = cache.read("kubeez")
    assert again is not None
    assert "14.10" in repr(again[0])
    cache.write("kubeez", [], WHEN)
    assert cache.read("kubeez") == ([], WHEN)


def test_only_the_user_can_read_it_and_nothing_is_left_over(cache: CatalogCache) -> None:
    cache.write("kubeez", PAYLOAD, WHEN)
    files = list(cache.folder.iterdir())
    assert [oct(file.stat().st_mode & 0o777) for file in files] == ["0o600"]
    assert cache.folder.stat().st_mode & 0o777 == 0o700
    with pytest.raises(ValueError, match="not JSON"):
        cache.write("kubeez", {"a": object()}, WHEN)
    assert list(cache.folder.iterdir()) == files
    assert cache.read("kubeez") == (PAYLOAD, WHEN)


@pytest.mark.parametrize("account", ["../../escape", "/abs", "..", "a/b", "con", "É", "x" * 300])
def test_any_account_name_stays_in_the_folder(account: str, cache: CatalogCache) -> None:
    cache.write(account, PAYLOAD, WHEN)
    assert cache.read(account) == (PAYLOAD, WHEN)
    assert all(file.parent == cache.folder for file in cache.folder.parent.rglob("*.json"))
    assert cache.read(account + "2") is None


@pytest.mark.parametrize("damage", [
    b"", b"{", b"[]", b"null", b'{"account": "kubeez"}', b"\xff\xfe", b"[" * 100_000,
    b'{"account": "kubeez", "fetched_at": 5, "payload": {}}',
    b'{"account": "other", "fetched_at": "2026", "payload": {}}',
    b'{"account": "kubeez", "fetched_at": "2026", "payload": NaN}'])
def test_a_damaged_file_is_absent(damage: bytes, cache: CatalogCache) -> None:
    cache.write("kubeez", PAYLOAD, WHEN)
    next(cache.folder.iterdir()).write_bytes(damage)
    assert cache.read("kubeez") is None


def test_the_folder_is_the_environments_or_the_systems() -> None:
    assert cache_folder({"PIPELINE_CACHE_DIR": "/x/y"}) == Path("/x/y")
    assert cache_folder({}).name == "media-pipeline"
