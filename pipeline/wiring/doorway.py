"""The doorbell as the settings want it.

Law: a signing secret comes from the environment, is held by this process alone, and is told nobody.
"""

import os

from pipeline.core.errors import Exit, Halt
from pipeline.core.webhooks import secret_of
from pipeline.executor.doorbell import Doorbell
from pipeline.inputs.settings import Settings


def doorbell_of(settings: Settings) -> Doorbell:
    """A bell at the settings' address. Raises `Halt` (5) for a signing secret that is missing, or
    is none."""
    secrets: dict[str, bytes] = {}
    for name, account in settings.accounts.items():
        if account.webhook_secret_env:
            secret = secret_of(os.environ.get(account.webhook_secret_env, ""))
            if secret is None:
                raise Halt(Exit.KEY, f"account {name!r} has no signing secret for its webhooks",
                           hint=f"export {account.webhook_secret_env}=whsec_…", code="key_missing")
            secrets[name] = secret
    return Doorbell(settings.listen, settings.public_url, secrets)
