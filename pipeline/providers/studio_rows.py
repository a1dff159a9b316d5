"""The shapes of Artificial Studio's JSON, read leniently (facts/media_apis.md 1.1 and 1.2).

Law: a field of the wrong type is a missing field, and an unknown field is passed over.
"""

from pipeline.providers.kubeez_rows import ID, Flag, Number, Row, Text


class ModelRow(Row):
    slug: str
    name: Text = ""
    cost: Number = None
    costUnit: Text = ""  # noqa: N815 - the service's spelling
    inputSchema: object = None  # noqa: N815


class ToolRow(Row):
    slug: str
    type: Text = ""
    outputType: Text = ""  # noqa: N815
    inputSchema: object = None  # noqa: N815
    models: object = None


class Record(Row):
    id: Text = ""
    job_id: Text = ""
    status: Text = ""
    done: Flag = None
    tool: Text = ""
    type: Text = ""
    output: object = None
    error: Text = ""
    payload: object = None
    createdAt: Text = ""  # noqa: N815
    poll_after_seconds: Number = None
    eta_seconds: Number = None

    @property
    def name(self) -> str:
        """Its id, by either surface; "" where it has none that can be used."""
        named = self.job_id or self.id
        return named if ID.match(named) else ""
