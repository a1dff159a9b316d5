"""The closed sets of what can go wrong: the author's problems, the provider's failures, halts.

Anything else that is raised is a bug of ours: it stops the run (exit 1) and is never retried.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of the program, as the contract fixes them."""

    DONE = 0
    BUG = 1
    USAGE = 2
    SOME_FAILED = 3
    REFUSED = 4
    KEY = 5
    NO_CREDITS = 7
    BUDGET = 8
    STALE_PLAN = 9
    TIME = 10
    HELD = 11
    DOUBT = 12
    DAMAGED = 13
    INTERRUPTED = 130
    TERMINATED = 143


EXIT_SAYS: Mapping[Exit, str] = {
    Exit.DONE: "everything wanted exists",
    Exit.BUG: "a bug of ours",
    Exit.USAGE: "usage, settings or manifest wrong",
    Exit.SOME_FAILED: "finished, some jobs failed",
    Exit.REFUSED: "provider unreachable, or refused everything",
    Exit.KEY: "key missing, wrong, or without the scope",
    Exit.NO_CREDITS: "out of credits at the provider",
    Exit.BUDGET: "stopped at a budget or job cap",
    Exit.STALE_PLAN: "plan missing, stale, or not approved",
    Exit.TIME: "stopped at the time limit",
    Exit.HELD: "another run holds the state",
    Exit.DOUBT: "jobs in doubt remain (wins over 3)",
    Exit.DAMAGED: "the state is damaged or newer than this program",
    Exit.INTERRUPTED: "interrupted; run again to go on",
    Exit.TERMINATED: "terminated; run again to go on",
}
"""What each code means to a person or a script."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a text file; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing an author should mend: where it is, what is wrong, what would be accepted."""

    message: str
    at: Position | None = None
    hint: str = ""
    severity: str = "error"


class AuthorError(Exception):
    """What the author wrote cannot be used; carries every problem found, not only the first."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


class ProviderFailure(Exception):
    """A call to a provider that did not do what was asked; one of the leaves below, never itself.

    `message` is for people: it names the service's own words, shortened, and no secret.
    """

    def __init__(self, message: str, *, cause: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.cause = cause


class Throttled(ProviderFailure):
    """Refused for coming too fast; surely not accepted. `retry_after_s` is the service's wish."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message, cause="throttled")
        self.retry_after_s = retry_after_s


class Unreachable(ProviderFailure):
    """No byte of the request left, or (for a read) no answer came: surely nothing was bought."""

    def __init__(self, message: str) -> None:
        super().__init__(message, cause="unreachable")


class ReplyLost(ProviderFailure):
    """The request may have arrived and no usable answer came back: perhaps it was bought."""

    def __init__(self, message: str) -> None:
        super().__init__(message, cause="reply_lost")


class Refused(ProviderFailure):
    """The service said no to this job, in its own documented words; nothing was bought."""


class Barred(ProviderFailure):
    """The service said no to the whole account (no credit, bad key): its gate closes."""


class Vanished(ProviderFailure):
    """A read named something that the service does not know, or not yet."""

    def __init__(self, message: str) -> None:
        super().__init__(message, cause="not_found")


class Halt(Exception):
    """The program stops here on purpose, with an exit code and a way out for the person."""

    def __init__(self, exit_code: Exit, message: str, *, hint: str = "", code: str = "") -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.message = message
        self.hint = hint
        self.code = code or exit_code.name.lower()
