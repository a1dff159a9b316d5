"""Paid files that are missing or damaged, brought home again.

Law: free. A file is asked for by the id that was paid for; nothing is bought, and nothing that lies
there is written over: a damaged file is set aside under another name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.core.errors import ProviderFailure
from pipeline.core.job import Job, State
from pipeline.core.provider import Finished
from pipeline.executor.assets import AssetStore
from pipeline.executor.sidecar import sidecar
from pipeline.ledger.ledger import Ledger
from pipeline.media.examine import NotWhole
from pipeline.wiring.accounts import Account


@dataclass(slots=True)
class Homecoming:
    """How many files were whole, which were fetched, and which could not be had and why."""

    whole: int = 0
    fetched: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


async def bring_back(ledger: Ledger, run: str, store: AssetStore,
                     accounts: Mapping[str, Account]) -> Homecoming:
    """Look at every delivered file of a run, and fetch those that are not as delivered."""
    home = Homecoming()
    for entry in list(ledger.ask.entries(run, State.DONE)):
        damages = [(n, what) for n, file in enumerate(entry.job.files)
                   if (what := await store.damage(file))]
        home.whole += len(entry.job.files) - len(damages)
        for index, what in damages:
            await _fetch(entry.job, (index, what), store, accounts, home)
    return home


async def _fetch(job: Job, damage: tuple[int, str], store: AssetStore,
                 accounts: Mapping[str, Account], home: Homecoming) -> None:
    index, what = damage
    wanted = job.files[index]
    account = accounts.get(job.account)
    try:
        if account is None or not job.remote_ids:
            raise NotWhole("its account is not in this run")
        news = await account.provider.look(job.remote_ids[0], job.spec.kind)
        if not isinstance(news, Finished) or not (url := news.outputs[index].url):
            raise NotWhole("the service no longer has it")
        async with account.provider.download(url) as download:
            file = await store.save(job, index, download)
        same = file.sha256 == wanted.sha256
        if same:
            file = await store.put_back(file, wanted.path)
        await store.note(file, sidecar(job, file))
        home.fetched.append(f"{file.path}  ({what})" if same
                            else f"{file.path}  (the service now gives other bytes)")
    except (ProviderFailure, NotWhole, IndexError) as error:
        home.lost.append(f"{wanted.path}  ({what}; {error})")
