"""The ad-copy part of the Kubeez dialect: advertisements after a reference, several at a time."""

from dataclasses import dataclass

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from pipeline.sandbox.brief import RATIO
from pipeline.sandbox.chance import mint_id
from pipeline.sandbox.door import Refusal, Visit
from pipeline.sandbox.jobs import Order
from pipeline.sandbox.kubeez_desk import Desk, Way
from pipeline.sandbox.kubeez_fields import (
    PROVIDER,
    Fields,
    invalid,
    missing,
    no_model,
    read_address,
    read_fields,
    read_share,
    read_text,
)
from pipeline.sandbox.kubeez_validation import ANY_SHAPE

ROW = "ad-copy"

VARIANTS = range(1, 5)
"""How many variants one start may ask for: the bounds of the MCP tool `regenerate`, the nearest
that are published; 1 where none is asked for."""


@dataclass(frozen=True, slots=True)
class AdCopy:
    """The handlers; each takes a `Visit` and gives a response or refuses."""

    desk: Desk

    def start(self, visit: Visit) -> Response:
        """POST /v1/generate/ad-copy: one generation a variant, each paid for and polled alone."""
        fields = read_fields(visit.body)
        jobs = self.desk.service.start_all([self._read_order(fields)] * _read_count(fields))
        return JSONResponse({"project_id": mint_id("project", jobs[0].id),
                             "generation_ids": [job.id for job in jobs]})

    def _read_order(self, fields: Fields) -> Order:
        row = self.desk.catalog.find(ROW)
        if row is None:
            raise no_model(ROW)
        sources = [url for name in ("reference_ad_url", "product_image_url")
                   if (url := self._read_picture(fields, name))]
        if not read_text(fields, "reference_ad_url"):
            raise missing("reference_ad_url")
        details = {"aspect_ratio": _read_shape(fields), "source_media_urls": sources,
                   "language": read_text(fields, "language")}
        return Order(
            provider=PROVIDER, bucket="ad_copy", kind="image", model=row.id,
            prompt=read_text(fields, "product_text"), generation_type="image-to-image",
            details=details, charge_micros=row.price(None).micros, typical_s=row.typical_s(None))

    def _read_picture(self, fields: Fields, name: str) -> str:
        if url := read_address(fields, name):
            self.desk.intake.check(name, url)
        return url


def _read_count(fields: Fields) -> int:
    count = read_share(fields, "variant_count", VARIANTS.start, VARIANTS.stop - 1)
    if count is not None and not count.is_integer():
        raise invalid("variant_count must be a whole number.")
    return int(count or VARIANTS.start)


def _read_shape(fields: Fields) -> str:
    """The row names no ratios, so any is taken that is one."""
    shape = read_text(fields, "aspect_ratio") or "1:1"
    if shape in ANY_SHAPE:
        return "1:1"
    if not RATIO.fullmatch(shape):
        raise Refusal(400, "unsupported_aspect", f"aspect_ratio '{shape}' is not supported.")
    return shape


def routes(desk: Desk) -> list[BaseRoute]:
    """The routes of this part; its jobs are read on the media route."""
    return [desk.route("POST", "/v1/generate/ad-copy", AdCopy(desk).start,
                       Way("start", "ad_copy", "generate:ads"))]
