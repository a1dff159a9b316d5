"""Kubeez's asset library (llms.txt, "Asset Library" and workflow C).

Law: the calls are free, so a lost answer is only `Unreachable`; whoever adds again may then hear
that the name is taken, which is the proof that it was kept.
"""

from collections.abc import Callable, Mapping

from pydantic import ValidationError

from pipeline.core.errors import Refused, Unreachable, Vanished
from pipeline.core.library import LibraryFile, Shelf
from pipeline.providers.http import Http
from pipeline.providers.kubeez_refusals import expect, read_envelope
from pipeline.providers.kubeez_rows import ID, AssetRow, ShelfRow
from pipeline.providers.reply import iso_date_s

ASSETS = "/v1/assets"


class KubeezLibrary:
    """The library of one Kubeez account. `absolute` makes a link one that can be followed."""

    def __init__(self, http: Http, absolute: Callable[[str], str]) -> None:
        self._http = http
        self._absolute = absolute

    async def shelf(self) -> Shelf:
        """All files; raises `Unreachable` for an answer that is no library."""
        body = expect(await self._http.read(ASSETS)).body
        if not isinstance(body, Mapping) or not isinstance(body.get("assets"), list):
            raise Unreachable("the answer is no library")
        row = ShelfRow.model_validate(body)
        return Shelf([self._file(asset) for asset in row.assets if asset.name],
                     row.quota_bytes, row.used_bytes)

    async def add(self, name: str, url: str) -> LibraryFile:
        """Have the service fetch an address; 502 is documented as its failure to do so."""
        reply = await self._http.ask("POST", ASSETS, {"name": name, "url": url})
        code, message = read_envelope(reply)
        if code == "fetch_failed":
            raise Refused(message or code, cause="fetch_failed")
        body = expect(reply).body
        raw = body.get("asset", body) if isinstance(body, Mapping) else {}
        try:
            return self._file(AssetRow.model_validate(raw))
        except ValidationError:
            return LibraryFile("", name)

    async def rename(self, file_id: str, name: str) -> None:
        """Give a file another name."""
        await self._change("PATCH", file_id, {"name": name})

    async def delete(self, file_id: str) -> None:
        """Delete a file for good."""
        await self._change("DELETE", file_id)

    async def _change(self, method: str, file_id: str,
                      body: Mapping[str, object] | None = None) -> None:
        if not ID.match(file_id):
            raise Vanished("the library has no file of such a name")
        expect(await self._http.ask(method, f"{ASSETS}/{file_id}", body), may_be_empty=True)

    def _file(self, row: AssetRow) -> LibraryFile:
        return LibraryFile(row.id, row.name, row.kind, row.mime_type, row.size_bytes,
                           self._absolute(row.url) if row.url else "",
                           iso_date_s(row.url_expires_at))
