"""How a list shows whose attempt made a row: by the attempt's whole tag, or by a seed made of it.

Law: a seed that the author chose is nobody's mark, whatever it looks like.
"""

import hashlib

from pipeline.core.job import Job
from pipeline.core.offer import LARGEST_SEED


def seed_of(tag: str) -> int:
    """The seed that an attempt sends where its model takes any and its author names none: 31 bits
    of a digest, which are as good as unique in any list.

    >>> seed_of("a") == seed_of("a") != seed_of("b")
    True
    """
    return int.from_bytes(hashlib.sha256(tag.encode()).digest()[:4], "big") & LARGEST_SEED


def seed_mark(seed: object) -> str:
    """How a row that shows a seed and no tag is marked."""
    return f"seed:{seed}"


def marks_of(job: Job) -> tuple[str, ...]:
    """The marks that no row can bear but the one of this job's attempt."""
    return (job.tag,) if "seed" in job.spec.params else (job.tag, seed_mark(seed_of(job.tag)))


def chosen_mark(job: Job) -> str:
    """The mark that the rows of this job bear by its author's choice; "" for none."""
    return seed_mark(job.spec.params["seed"]) if "seed" in job.spec.params else ""
