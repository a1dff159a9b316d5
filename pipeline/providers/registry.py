"""The providers this program knows: one line each. Strangers' packages are in `strangers.py`."""

from collections.abc import Mapping
from dataclasses import replace

from pipeline.core.provider import Provider
from pipeline.core.terms import Terms
from pipeline.providers.entry import PLAIN, Entry, Particulars, near, twin
from pipeline.providers.http import Http
from pipeline.providers.kubeez import MEDIA_HOST, Kubeez
from pipeline.providers.kubeez_mcp import KubeezMcp
from pipeline.providers.kubeez_terms import MCP_TERMS, TERMS
from pipeline.providers.links import is_loopback
from pipeline.providers.mcp_extra import open_line
from pipeline.providers.mediaengine import MediaEngine
from pipeline.providers.mediaengine_terms import TERMS as MEDIAENGINE_TERMS
from pipeline.providers.secret import BARE, BEARER, Secret
from pipeline.providers.studio import Studio
from pipeline.providers.studio_mcp import McpSurface
from pipeline.providers.studio_rest import RestSurface
from pipeline.providers.studio_terms import TERMS as STUDIO_TERMS


def _kubeez(http: Http, terms: Terms, has_key: bool, about: Particulars = PLAIN, /) -> Provider:
    own_address = http.base_url != PROVIDERS["kubeez"].default_url
    return Kubeez(http, terms, media_host=f"{http.base_url}/" if own_address else MEDIA_HOST,
                  loopback=is_loopback(http.base_url), has_key=has_key)


def _mediaengine(http: Http, terms: Terms, has_key: bool, about: Particulars = PLAIN, /
                 ) -> Provider:
    return MediaEngine(http, terms, dialect=about.dialect, loopback=is_loopback(http.base_url))


SANDBOX_TERMS = near(TERMS, "sandbox")
"""The sandbox speaks Kubeez's dialect."""


def _studio_mcp(http: Http, terms: Terms, has_key: bool, about: Particulars = PLAIN, /
                ) -> Provider:
    line = open_line(http.base_url, about.key, account=about.account, now=about.now)
    return Studio(McpSurface(line), terms, http, now=about.now)


def _studio_rest(http: Http, terms: Terms, has_key: bool, about: Particulars = PLAIN, /
                 ) -> Provider:
    return Studio(RestSurface(http), terms, http, now=about.now)


def _kubeez_mcp(http: Http, terms: Terms, has_key: bool, about: Particulars = PLAIN, /
                ) -> Provider:
    own_address = http.base_url != KUBEEZ_MCP.default_url
    line = open_line(http.base_url, about.key, account=about.account, now=about.now)
    return KubeezMcp(line, http, terms, media_host=http.base_url if own_address else MEDIA_HOST,
                     loopback=is_loopback(http.base_url),
                     open_http=lambda url: Http(url, Secret(""), now=about.now))


KUBEEZ_MCP = Entry(MCP_TERMS, _kubeez_mcp, "KUBEEZ_MCP_TOKEN", "KUBEEZ_MCP_URL",
                   "https://mcp.kubeez.com/mcp", signs_in=True)
STUDIO_MCP = Entry(STUDIO_TERMS, _studio_mcp, "ARTIFICIALSTUDIO_TOKEN", "ARTIFICIALSTUDIO_MCP_URL",
                   "https://api.artificialstudio.ai/mcp", signs_in=True)
STUDIO_REST = Entry(replace(STUDIO_TERMS, provider="artificialstudio-rest"), _studio_rest,
                    "ARTIFICIALSTUDIO_API_KEY", "ARTIFICIALSTUDIO_BASE_URL",
                    "https://api.artificialstudio.ai", sent_as=BARE)
MEDIAENGINE = Entry(MEDIAENGINE_TERMS, _mediaengine, "MEDIAENGINE_API_KEY", "MEDIAENGINE_BASE_URL",
                    "https://api.mcpmediaengine.com", BEARER)

PROVIDERS: Mapping[str, Entry] = {
    "sandbox": Entry(SANDBOX_TERMS, _kubeez, dialect="kubeez"),
    "kubeez": Entry(TERMS, _kubeez, "KUBEEZ_API_KEY", "KUBEEZ_BASE_URL",
                    "https://api.kubeez.com"),
    "mediaengine": MEDIAENGINE,
    "sandbox-mediaengine": twin(MEDIAENGINE, "mediaengine", "/mediaengine"),
    "kubeez-mcp": KUBEEZ_MCP,
    "artificialstudio": STUDIO_MCP,
    "artificialstudio-rest": STUDIO_REST,
    "sandbox-kubeez-mcp": twin(KUBEEZ_MCP, "kubeez-mcp", "/kubeez-mcp/mcp"),
    "sandbox-artificialstudio": twin(STUDIO_MCP, "artificialstudio", "/artificialstudio/mcp"),
    "sandbox-artificialstudio-rest": twin(STUDIO_REST, "artificialstudio", "/artificialstudio"),
}
