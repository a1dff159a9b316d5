"""Every provider of the registry that the sandbox can be, put through the contract.

Goal: what the executor relies on holds at each service, whatever its API looks like (issue 6).
Method: `contract.CHECKS` over a table of subjects; each check opens a sandbox of its own, with
sockets, and turns its clock.
"""

import anyio
import pytest
from contract import CHECKS, Check, NotHere, Subject, name_of
from contract_sandbox import picture, sandbox

SUBJECTS = (
    Subject("sandbox", sandbox("sandbox"), spec=picture("sandbox", "nano-banana-2"),
            refused=picture("sandbox", "no-such-model")),
    *(Subject(f"sandbox-kubeez-mcp-{names}-{answers}",
              sandbox("sandbox-kubeez-mcp", mcp_names=names, mcp_answers=answers),
              spec=picture("sandbox-kubeez-mcp", "nano-banana-2"),
              refused=picture("sandbox-kubeez-mcp", "no-such-model"))
      for names, answers in (("new", "json"), ("old", "sse"))),
    Subject("sandbox-mediaengine", sandbox("sandbox-mediaengine"),
            spec=picture("sandbox-mediaengine", "flux2-turbo"),
            refused=picture("sandbox-mediaengine", "no-such-model"),
            several=(picture("sandbox-mediaengine", "seedream", n="3"), 3)),
    *(Subject(f"mediaengine-{says}-{dialect}",
              sandbox("sandbox-mediaengine", dialect=dialect, mediaengine_dialect=says),
              spec=picture("sandbox-mediaengine", "flux2-turbo"),
              refused=picture("sandbox-mediaengine", "no-such-model"))
      for says, dialect in (("llms", "llms"), ("llms", "auto"), ("client", "client"),
                            ("client", "auto"))),
    *(Subject(f"{name}-{answers}", sandbox(name, mcp_answers=answers),
              spec=picture(name, "flux-2"), refused=picture(name, "flux-2", "too long " * 1000),
              always_refunds=True)
      for name, answers in (("sandbox-artificialstudio", "json"),
                            ("sandbox-artificialstudio", "sse"),
                            ("sandbox-artificialstudio-rest", "json"))),
)


@pytest.mark.parametrize("check", CHECKS, ids=name_of)
@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_contract(subject: Subject, check: Check) -> None:
    try:
        anyio.run(check, subject)
    except NotHere as reason:
        pytest.skip(str(reason))
