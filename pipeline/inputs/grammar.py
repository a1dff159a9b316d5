"""The grammar of a manifest: what a key may hold, for the reader and for editors alike.

Law: every description says what is accepted; it is the hint of a complaint and the help of an
editor.
"""

from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    WithJsonSchema,
)

from pipeline.core.catalog import KINDS
from pipeline.inputs.complaints import wrong
from pipeline.inputs.values import (
    Amount,
    Entry,
    Label,
    Name,
    ParamName,
    PriceCap,
    Row,
    Scalar,
    Text,
    VarName,
    Version,
    check_word,
    entry_shape,
    list_or_value,
    row_or_value,
)

MAX_ENTRIES = 10_000
"""Of a list in the manifest itself; a longer axis is a table."""
MAX_FEW = 1000
"""Of campaigns, and of accounts, sources and rules of one."""
MAX_NAMES = 500
"""Of variables or parameters in one mapping."""
WITHOUT_MODELS = ("extend", "captions", "separation", "ad-copy")
"""Kinds that need no `models`: the service has one operation for each."""
WITHOUT_PROMPT = ("captions", "separation", "ad-copy", "music")
"""Kinds that need no prompt; music can be described by its parameters."""


class Strict(BaseModel):
    """A mapping with no keys but its own, and no value of another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _kind(value: object) -> str:
    return check_word(value, KINDS, "kind")


def _unsupported(value: object) -> str:
    return check_word(value, ("error", "skip"), "choice")


def _only(value: object) -> str:
    raise wrong("`only` is not in this version", "leave it out: every output is a source")


class BudgetGrammar(Strict):
    """Caps in credits."""

    credits: Amount | None = Field(None, description="the most that one run may take, in credits")
    per_day: Amount | None = Field(
        None, description="the most that this manifest may take in a day of UTC, in credits")
    per_month: Amount | None = Field(
        None, description="the most that this manifest may take in a month of UTC, in credits")


class ShareGrammar(Strict):
    """The cap of one campaign."""

    credits: Amount = Field(description="the most that one run may take for this campaign, "
                                        "in credits")


class TableGrammar(Strict):
    """A table whose rows are the values of a variable."""

    source: Text = Field(alias="from", description="a .csv, .json, .jsonl or .yaml file beside "
                                                   "the manifest, one value a row")


class ModelGrammar(Strict):
    """A model of another account."""

    account: Text = Field(description="the account that runs the model")
    model: Text = Field(description="the model's id at its service")


class LinkGrammar(Strict):
    """The campaign that this one starts from."""

    campaign: Name = Field(description="the name of a campaign in this file")
    outputs: Annotated[int, Field(ge=1, le=20)] | None = Field(
        None, description="how many outputs of each of its jobs to start from, 1 to 20; of a song "
                          "the first unless this says more")
    only: Annotated[str, PlainValidator(_only), WithJsonSchema({"not": {}})] | None = Field(
        None, description="not in this version")


ModelEntry = Annotated[
    Annotated[ModelGrammar, Tag("(mapping)")] | Annotated[Text, Tag("(value)")],
    Discriminator(row_or_value)]
Entries = Annotated[list[Entry], Field(min_length=1, max_length=MAX_ENTRIES)]
Variable = Annotated[
    Annotated[Entries, Tag("(list)")] | Annotated[TableGrammar, Tag("(mapping)")]
    | Annotated[Scalar, Tag("(value)")], Discriminator(entry_shape)]
Texts = Annotated[list[Text], Field(min_length=1, max_length=MAX_ENTRIES)]
Scalars = Annotated[list[Scalar], Field(min_length=1, max_length=MAX_ENTRIES)]
Param = Annotated[
    Annotated[Scalars, Tag("(list)")] | Annotated[Scalar, Tag("(value)")],
    Discriminator(list_or_value)]
OneOrMore = Annotated[
    Annotated[Texts, Tag("(list)")] | Annotated[Text, Tag("(value)")],
    Discriminator(list_or_value)]
Wanted = Annotated[
    Annotated[Entries, Tag("(list)")] | Annotated[Row, Tag("(mapping)")]
    | Annotated[Scalar, Tag("(value)")], Discriminator(entry_shape)]
Link = Annotated[
    Annotated[LinkGrammar, Tag("(mapping)")] | Annotated[Name, Tag("(value)")],
    Discriminator(row_or_value)]


class RuleGrammar(Strict):
    """A pattern over the cells of a campaign."""

    model: OneOrMore | None = Field(None, description="a model id, or a list of them")
    aspect_ratio: OneOrMore | None = Field(None, description="an aspect ratio, or a list of them")
    vars: dict[ParamName, Wanted] = Field(
        default_factory=dict, description="variables and the values of each that are meant")
    params: dict[ParamName, Param] = Field(
        default_factory=dict, description="parameters and the values of each that are meant")


class CampaignGrammar(Strict):
    """One matrix: what to say, which models say it, in which shapes, and how often."""

    name: Name = Field(description="lower-case letters, digits and dashes, unique in this file")
    kind: Annotated[str, PlainValidator(_kind), WithJsonSchema({"enum": list(KINDS)})] = Field(
        "", description=f"one of {', '.join(KINDS)}; the model's own if left out")
    source: Link | None = Field(
        None, alias="from", description="the campaign whose outputs are the sources of this one")
    template: Text | None = Field(None, description="a file in templates/, in Jinja2")
    prompt: Text | None = Field(None, description="the prompt itself, in Jinja2")
    models: list[ModelEntry] = Field(
        default_factory=list, max_length=MAX_ENTRIES,
        description="a list of model ids, or of {account: …, model: …}")
    accounts: list[Text] = Field(
        default_factory=list, max_length=MAX_FEW,
        description="a list of accounts of one provider that share the jobs")
    aspect_ratios: Texts = Field(
        default_factory=list, validate_default=False,
        description="a list of aspect ratios such as 16:9")
    vars: dict[VarName, Variable] = Field(
        default_factory=dict, max_length=MAX_NAMES,
        description="a mapping of variables: a value, a list of values, or {from: FILE}")
    params: dict[ParamName, Param] = Field(
        default_factory=dict, max_length=MAX_NAMES,
        description="a mapping of the model's parameters: a value, or a list that is an axis")
    variants: Annotated[int, Field(ge=1, le=1000)] = Field(
        1, description="how often each cell is bought, a whole number from 1 to 1000")
    exclude: list[RuleGrammar] = Field(
        default_factory=list, max_length=MAX_FEW,
        description="a list of patterns; cells that match are left out")
    include: list[RuleGrammar] = Field(
        default_factory=list, max_length=MAX_FEW,
        description="a list of cells that are added")
    unsupported: Annotated[str, PlainValidator(_unsupported),
                           WithJsonSchema({"enum": ["error", "skip"]})] = Field(
        "error", description="error or skip: what becomes of cells that a model does not offer")
    sources: list[Text] = Field(
        default_factory=list, max_length=MAX_FEW,
        description="a list of files, https addresses, or asset:NAME")
    budget: ShareGrammar | None = Field(
        None, description="a mapping: credits, the most that one run may take for this campaign")
    max_price: PriceCap | None = Field(
        None, description="the most that one job may take, in credits, above 0")
    max_paid_attempts: Annotated[int, Field(ge=1, le=5)] = Field(
        1, description="how often a job that failed after it was charged may be bought, "
                       "a whole number from 1 to 5")
    tags: dict[Label, Label] = Field(
        default_factory=dict, description="a mapping of texts, kept with every job")


class ManifestGrammar(Strict):
    """A manifest: a mapping of version, name, campaigns, and what the campaigns share."""

    version: Version = Field(description="version: 1")
    name: Name = Field(description="lower-case letters, digits and dashes, 1 to 64 of them")
    account: Text = Field("sandbox", description="the account that runs the campaigns")
    budget: BudgetGrammar = Field(
        default_factory=lambda: BudgetGrammar(credits=None, per_day=None, per_month=None),
        description="a mapping of caps: credits (of a run), per_day, per_month")
    vars: dict[VarName, Variable] = Field(
        default_factory=dict, max_length=MAX_NAMES,
        description="a mapping of variables for all campaigns; a list is an axis of each")
    campaigns: list[CampaignGrammar] = Field(
        max_length=MAX_FEW, description="a list of campaigns, at most 1000")
