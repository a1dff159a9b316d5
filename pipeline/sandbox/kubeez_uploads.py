"""How Kubeez takes files in: one multipart request, one or more parts named `file`."""

from starlette.requests import Request

from pipeline.sandbox.door import Refusal
from pipeline.sandbox.kubeez_fields import invalid
from pipeline.sandbox.multipart import MultipartError, MultipartReader, Part
from pipeline.sandbox.service import RemoteService


async def read_files(request: Request, service: RemoteService) -> list[str]:
    """Read the form to its end and keep its files, all or none; their names. Raises `Refusal`."""
    parts = await read_form(request, service)
    try:
        return _keep(parts, service)
    finally:
        for part in parts:
            part.content.close()


async def read_form(request: Request, service: RemoteService) -> list[Part]:
    """The parts of a form that is read to its end, for the caller to close. Raises `Refusal`."""
    limit = service.faults.limits.upload_bytes
    if int(request.headers.get("content-length") or 0) > limit:
        raise too_large(limit)
    try:
        reader = MultipartReader(request.headers.get("content-type", ""))
    except MultipartError as error:
        raise invalid(f"{error}.") from error
    try:
        await _feed(reader, request, limit)
        return reader.finish()
    except BaseException as error:
        reader.close()
        if isinstance(error, MultipartError):
            raise invalid(f"{error}.") from error
        raise


async def _feed(reader: MultipartReader, request: Request, limit: int) -> None:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        reader.feed(chunk)


def _keep(parts: list[Part], service: RemoteService) -> list[str]:
    files = [part for part in parts if part.field == "file"]
    if not files:
        raise Refusal(400, "missing_file", "Send at least one multipart part named 'file'.")
    with service.books.writing():
        return [service.keep(part.content, part.filename, part.media_type).name for part in files]


def too_large(limit: int) -> Refusal:
    """The refusal of a file over the limit."""
    return Refusal(413, "file_too_large", f"Files are limited to {limit} bytes.")
