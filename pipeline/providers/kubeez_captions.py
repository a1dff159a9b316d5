"""Kubeez's captions: the answer to the paid call is the product (llms.txt; no shape is published).

Law: what was paid for is kept as it came; subtitles are made of it where its words can be read.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

from pipeline.core.captions import PLACES, cues, read_words, srt, vtt
from pipeline.core.provider import Broken, Download, Finished, News, Output, Receipt
from pipeline.providers.downloads import DataFile, data_address
from pipeline.providers.http import Http
from pipeline.providers.kubeez_answers import (
    MADE,
    Absolute,
    charge_of,
    read_news,
    read_receipt,
    read_row,
    read_status,
)
from pipeline.providers.reply import LARGEST_REPLY, Reply

TEXTS = ("text", "transcript", "srt", "vtt")
VIDEOS = ("url", "video_url", "output_url")
"""Newer descriptions answer with a film that has the captions burned in."""


def read_captions(reply: Reply, absolute: Absolute) -> Receipt | Finished | Broken | None:
    """The files of a transcript, that there will be none, or the id of one that is still made."""
    body = reply.body if isinstance(reply.body, Mapping) else {}
    outputs = caption_files(body, reply.content, absolute)
    status = body.get("status")
    ended = not isinstance(status, str) or status.lower() in MADE
    if outputs and (ended or read_words(body)):
        return Finished(outputs, charge_of(body.get("credits_deducted")))
    row = read_row({**body, "id": "this"})
    news = read_news(row, absolute) if row else None
    return news if isinstance(news, Broken) else read_receipt(reply, absolute)


def caption_files(body: Mapping[str, object], content: bytes,
                  absolute: Absolute) -> tuple[Output, ...]:
    """The answer itself, subtitles of its words, and the film; nothing if it says nothing."""
    words = read_words(body)
    films = [film for name in VIDEOS if isinstance(film := body.get(name), str) and film]
    if words is None and not films and not _says(body):
        return ()
    texts = [("application/json", content.lstrip())]
    if words:
        shown = cues(words)
        texts += [("application/x-subrip", srt(shown).encode()), ("text/vtt", vtt(shown).encode())]
    return (*(Output(data_address(kind, text), kind, bytes=len(text)) for kind, text in texts
              if len(text) <= LARGEST_REPLY),
            *(Output(absolute(film), "video") for film in films[:1]))


def read_job(body: object, content: bytes, remote_id: str, kind: str,
             absolute: Absolute) -> News:
    """News of one job from its own answer; where that is the transcript, it is the file as well."""
    news = read_status(body, remote_id, kind, absolute)
    if kind == "captions" and isinstance(news, Finished) and isinstance(body, Mapping):
        return replace(news, outputs=news.outputs or caption_files(body, content, absolute))
    return news


@asynccontextmanager
async def open_output(http: Http, url: str, *, loopback: bool) -> AsyncIterator[Download]:
    """Open a made file, at its link or in its own address (`data:`)."""
    if url.startswith("data:"):
        yield DataFile(url)
        return
    async with http.download(url, loopback=loopback) as body:
        yield body


def _says(body: Mapping[str, object]) -> bool:
    places = [body, *(body.get(name) for name in PLACES)]
    return any(isinstance(place, Mapping) and isinstance(place.get(name), str) and place[name]
               for place in places for name in TEXTS)
