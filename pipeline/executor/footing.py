"""What this machine must offer before anything is bought: a clock that is right, room for files.

Law: what is missing here stops the buying of the whole run, and never the bringing home.
"""

from collections.abc import Mapping

from pipeline.core.kinds import sheet

FARTHEST_AHEAD_S = 300.0
"""A clock further ahead of the service's would open tomorrow's budget today (SAFETY 2.7)."""
RESERVE_BYTES = 32 * 1024**2
"""What is left free beside the files that are on their way."""
LARGEST_BYTES: Mapping[str, int] = {
    "image": 16 * 1024**2, "video": 48 * 1024**2, "audio": 32 * 1024**2, "text": 1024**2}
"""The largest file that one job should bring, by what its kind makes: a large picture as PNG, a
film of 45 s at 8 Mbit/s, three minutes of sound as WAV. No catalog tells sizes."""


def lack(skew_s: float, kind: str, under_way: int, free_bytes: int) -> str:
    """Why no job of a kind may be bought just now, "" where nothing is missing.

    `skew_s` is the service's clock less ours, `under_way` how many files are still to come with
    this job's, `free_bytes` what the disk of its folder has left.
    """
    if skew_s < -FARTHEST_AHEAD_S:
        return (f"this machine's clock is {-skew_s:.0f} s ahead of the service's, and days are "
                "counted by it")
    needed_bytes = LARGEST_BYTES.get(sheet(kind).makes, 0) * under_way + RESERVE_BYTES
    if free_bytes < needed_bytes:
        return (f"the disk for the files has {free_bytes >> 20} MiB left, and what is under way "
                f"may need {needed_bytes >> 20} MiB")
    return ""
