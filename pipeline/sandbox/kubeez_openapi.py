"""The sandbox's own OpenAPI document, drawn from the routes that it really has.

Law: paths, methods, scopes and first lines come from the doors themselves, so that nothing is named
that is not there; only the fields of request bodies are written down here.
"""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from pipeline.sandbox.door import Door, Visit
from pipeline.sandbox.kubeez_desk import Desk
from pipeline.sandbox.kubeez_dialogue import FASTEST, SLOWEST
from pipeline.sandbox.kubeez_extend import PRICES

TEXT, FLAG, WHOLE = {"type": "string"}, {"type": "boolean"}, {"type": "integer"}
ADDRESS = {"type": "string", "format": "uri"}
SHARE = {"type": "number", "minimum": 0, "maximum": 1}


def _one_of(*words: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(words)}


BODIES: Mapping[str, tuple[tuple[str, ...], Mapping[str, Any]]] = {
    "/v1/generate/media": (("model",), {
        "model": TEXT, "prompt": TEXT, "generation_type": TEXT, "negative_prompt": TEXT,
        "source_media_urls": {"type": "array", "items": ADDRESS}, "aspect_ratio": TEXT,
        "duration": {"type": ["string", "number"]}, "quality": TEXT, "resolution": TEXT,
        "sound": FLAG, "seed": WHOLE}),
    "/v1/generate/media/extend": (("source_task_id", "prompt"), {
        "source_task_id": TEXT, "prompt": TEXT, "extend_model": _one_of(*PRICES)}),
    "/v1/generate/music": ((), {
        "model": TEXT, "prompt": TEXT, "instrumental": FLAG, "title": TEXT, "style": TEXT,
        "lyrics": TEXT, "song_description": TEXT, "vocal_gender": _one_of("m", "f", "random"),
        "negative_tags": TEXT, "style_weight": SHARE, "weirdness_constraint": SHARE,
        "audio_weight": SHARE}),
    "/v1/generate/dialogue": ((), {
        "text": TEXT, "voice": TEXT, "stability": SHARE, "similarity_boost": SHARE, "style": SHARE,
        "speed": {"type": "number", "minimum": SLOWEST, "maximum": FASTEST},
        "language_code": TEXT,
        "dialogue": {"type": "array", "items": {
            "type": "object", "required": ["text"], "properties": {"text": TEXT, "voice": TEXT}}}}),
    "/v1/generate/captions": (("media_url", "quality"), {
        "media_url": ADDRESS, "quality": _one_of("auto", "best"), "language": TEXT,
        "code_switching": FLAG}),
    "/v1/generate/separation": (("media_url",), {"media_url": ADDRESS}),
    "/v1/generate/ad-copy": (("reference_ad_url",), {
        "reference_ad_url": ADDRESS, "product_image_url": ADDRESS, "product_text": TEXT,
        "variant_count": {"type": "integer", "minimum": 1, "maximum": 4}, "aspect_ratio": TEXT,
        "language": TEXT}),
    "/v1/assets": (("name", "url"), {"name": TEXT, "url": ADDRESS}),
    "/v1/assets/{id}": (("name",), {"name": TEXT}),
}
"""The fields of JSON bodies by path: which are needed, and what each is."""

UPLOAD = {"multipart/form-data": {"schema": {
    "type": "object", "required": ["file"],
    "properties": {"file": {"type": "string", "format": "binary"}}}}}

ERROR = {"type": "object", "required": ["error"], "properties": {
    "error": TEXT, "message": TEXT, "retry_after": WHOLE}}
KEYS = {"ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "Bearer": {"type": "http", "scheme": "bearer"}}


def show_openapi(routes: Iterable[Route]) -> dict[str, Any]:
    """The document of these routes."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        if isinstance(door := route.endpoint, Door):
            for method in sorted((route.methods or set()) - {"HEAD"}):
                paths.setdefault(route.path, {})[method.lower()] = _call(route, method, door)
    return {
        "openapi": "3.1.0", "info": {"title": "Kubeez REST API, sandbox", "version": "1"},
        "paths": paths,
        "components": {"schemas": {"Error": ERROR}, "securitySchemes": KEYS},
    }


def _call(route: Route, method: str, door: Door) -> dict[str, Any]:
    told: dict[str, Any] = {
        "summary": (inspect.getdoc(door.handler) or "").partition("\n")[0],
        "responses": {"200": {"description": "Done, or begun."}, "default": {
            "description": "Refused.", "content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Error"}}}}}}
    if route.param_convertors:
        told["parameters"] = [{"name": name, "in": "path", "required": True, "schema": TEXT}
                              for name in route.param_convertors]
    if door.scope is not None:
        told["security"] = [{name: [door.scope] if door.scope else []} for name in KEYS]
    if body := _body(route.path, method):
        told["requestBody"] = {"required": True, "content": body}
    return told


def _body(path: str, method: str) -> dict[str, Any] | None:
    if path == "/v1/upload/media":
        return UPLOAD
    if method not in ("POST", "PATCH") or path not in BODIES:
        return None
    needed, fields = BODIES[path]
    return {"application/json": {"schema": {
        "type": "object", "required": list(needed), "properties": dict(fields)}}}


def routes(desk: Desk, others: Iterable[BaseRoute]) -> list[BaseRoute]:
    """The route of the document about all the others."""
    def openapi(visit: Visit) -> Response:
        """GET /openapi.json: this document."""
        streams = desk.service.faults.streams
        return JSONResponse(show_openapi(route for route in others if isinstance(route, Route)
                                         and (streams or not route.path.endswith("/stream"))))

    return [desk.route("GET", "/openapi.json", openapi)]
