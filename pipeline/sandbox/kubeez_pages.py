"""What Kubeez tells people and agents about itself, in the sandbox's own words; no key is asked."""

from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute

from pipeline.sandbox.door import Visit
from pipeline.sandbox.kubeez_desk import Desk

LLMS_TXT = """# Kubeez REST API, sandbox

> A local emulator of the Kubeez REST API. Nothing here costs money; any key is accepted unless a
> switch lists the accepted ones. Send it as X-API-Key or as Authorization: Bearer.

## Without a key
- GET /docs/models.json, GET /docs/models/{id-or-family-prefix}.json: the catalog
- GET /openapi.json: every route and the fields of its body; GET /docs, GET /docs/openapi: pages
- GET /health; GET /images/{name}, GET /audio/{name}: the files of outputs
- GET /sandbox/books: what was really charged; only the sandbox has it, and only loopback sees it

## Generation: each POST answers with an id, which is then polled
- POST /v1/generate/media: model, prompt, aspect_ratio, duration, source_media_urls, sound,
  resolution, quality; the row of the model says what it takes
- POST /v1/generate/media/extend: source_task_id (from the status of a Veo 3.1 clip), prompt,
  extend_model lite, fast or quality (45, 75, 300 credits)
- POST /v1/generate/music: prompt; or title, style and either lyrics or song_description
- POST /v1/generate/dialogue: text and voice; or dialogue, a list of such
- POST /v1/generate/separation: media_url
- POST /v1/generate/ad-copy: reference_ad_url, product_image_url, product_text, variant_count
- POST /v1/generate/captions: media_url, quality auto or best; answers when it is done

## Polling, until the status is completed, failed or cancelled
- GET /v1/generate/media/{id}: pictures, clips, dialogue, ad-copy
- GET /v1/generate/music/{id}, GET /v1/generate/separation/{id}
- GET /v1/generate/media/{id}/stream and /v1/generate/music/{id}/stream: events, by a switch

## Files
- POST /v1/upload/media: multipart, field file, 500 MB a request; signed links
- GET /v1/assets, POST /v1/assets, PATCH and DELETE /v1/assets/{id}: 50 MB of named files

## Account
- GET /v1/models, GET /v1/balance, GET /v1/generations: newest first, 25 rows at most

## Limits a minute and key
- media 30 (with extend, captions, separation), music 10, dialogue 10, ad-copy 5, uploads and new
  assets 30, everything that only reads 120; a 429 says when to come back

Credits are charged at the start and not given back, unless a switch says otherwise.
"""

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><p>For machines: <a href="/docs/models.json">/docs/models.json</a>,
<a href="/openapi.json">/openapi.json</a>, <a href="/llms.txt">/llms.txt</a>.</p></body></html>
"""


def llms(visit: Visit) -> Response:
    """GET /llms.txt: this service in a page of text."""
    return PlainTextResponse(LLMS_TXT)


def docs(visit: Visit) -> Response:
    """GET /docs: the reference for people."""
    return HTMLResponse(_PAGE.format(title="Kubeez REST API, sandbox"))


def viewer(visit: Visit) -> Response:
    """GET /docs/openapi: the reference by route."""
    return HTMLResponse(_PAGE.format(title="Kubeez OpenAPI, sandbox"))


def routes(desk: Desk) -> list[BaseRoute]:
    """The routes of this part."""
    return [desk.route("GET", "/llms.txt", llms), desk.route("GET", "/docs", docs),
            desk.route("GET", "/docs/openapi", viewer)]
