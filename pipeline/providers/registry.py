"""The providers this program knows: one line each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pipeline.core.provider import Provider
from pipeline.core.terms import Terms
from pipeline.providers.http import Http
from pipeline.providers.kubeez import MEDIA_HOST, Kubeez
from pipeline.providers.kubeez_terms import TERMS
from pipeline.providers.links import is_loopback

Build = Callable[[Http, Terms, bool], Provider]


@dataclass(frozen=True, slots=True)
class Entry:
    """How an account at a provider is made. `key_env` is "" where no key is needed."""

    terms: Terms
    build: Build
    key_env: str = ""
    url_env: str = ""
    default_url: str = ""


def _kubeez(http: Http, terms: Terms, has_key: bool) -> Provider:
    own_address = http.base_url != PROVIDERS["kubeez"].default_url
    return Kubeez(http, terms, media_host=f"{http.base_url}/" if own_address else MEDIA_HOST,
                  loopback=is_loopback(http.base_url), has_key=has_key)


SANDBOX_TERMS = replace(TERMS, provider="sandbox", ingest_max_s=10.0, linger_s=3.0,
                        list_lag_s=10.0, skew_s=2.0)
"""The sandbox speaks Kubeez's dialect; a request to this machine is never long on its way."""

PROVIDERS: Mapping[str, Entry] = {
    "sandbox": Entry(SANDBOX_TERMS, _kubeez),
    "kubeez": Entry(TERMS, _kubeez, "KUBEEZ_API_KEY", "KUBEEZ_BASE_URL",
                    "https://api.kubeez.com"),
}
