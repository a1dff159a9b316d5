"""What is heard in media: the words of our own works, plausible ones for the rest, and when.

Law: the same media always says the same words at the same times.
"""

from dataclasses import dataclass

from pipeline.sandbox.chance import stream
from pipeline.sandbox.sources import Source

WORDS_PER_S = 2.2
"""How fast people speak, about."""

MOST_WORDS = 2000
PAUSE_SHARE = 0.2
"""The part of a word's time that is silence after it."""

_TEXT = (
    "and so we start with a simple idea that works here is how it looks in the morning light you "
    "can see the shape of it from every side it is quiet warm and easy to hold now let us turn it "
    "around take your time there is more to come than you might think this part was made by hand")
NEUTRAL = _TEXT.split()


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it was heard; times in seconds from the start."""

    text: str
    start_s: float
    end_s: float
    confidence: float


def words_of(source: Source, seconds: float) -> list[str]:
    """What is said: a work's own text, or for a stranger's media as many words as fit."""
    own = source.work.job.prompt.split() if source.work else []
    if own:
        return own[:MOST_WORDS]
    chance = stream("transcript", source.digest)
    start = chance.randrange(len(NEUTRAL))
    count = min(max(1, round(seconds * WORDS_PER_S)), MOST_WORDS)
    return [NEUTRAL[(start + n) % len(NEUTRAL)] for n in range(count)]


def timed(words: list[str], seconds: float) -> list[Word]:
    """The words spread over the whole length, each by its own, to the millisecond.

    >>> [(word.start_s, word.end_s) for word in timed(["one", "three"], 5.0)]
    [(0.0, 1.6), (2.0, 4.4)]
    """
    chance = stream("confidence", *words)
    weights = [len(word) + 1 for word in words]
    per_weight_s = seconds / max(sum(weights), 1)
    heard, at_s = [], 0.0
    for word, weight in zip(words, weights, strict=True):
        takes_s = weight * per_weight_s
        end_s = at_s + takes_s * (1 - PAUSE_SHARE)
        heard.append(Word(word, round(at_s, 3), round(end_s, 3),
                          round(chance.uniform(0.9, 0.999), 3)))
        at_s += takes_s
    return heard
