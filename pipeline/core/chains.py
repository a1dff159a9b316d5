"""What a job starts from: files of its own, or an output of another campaign's job.

Law: every output that is counted on is one start. An output that then does not come cancels what
hangs on it, and says so.
"""

from array import array
from collections.abc import Mapping

from pipeline.core.catalog import Catalog, Model
from pipeline.core.cells import Cells, Offer, Pattern
from pipeline.core.kinds import COUNTED_BY, outputs_of, sheet
from pipeline.core.manifest import Campaign, Manifest, Source, Value
from pipeline.core.offer import Misfit
from pipeline.core.params import Setting
from pipeline.core.spec import SourceRef
from pipeline.core.told import Told


class Bases(Told[Mapping[str, Value]]):
    """What the cells of a campaign start from: outputs of another campaign's cells, one after the
    other, each as the variables that its cell has."""

    def __init__(self, cells: Cells, campaign: Campaign) -> None:
        self._cells = cells
        self._cell = array("I")
        self._index = array("I")
        said = campaign.source_outputs
        outputs = [said or outputs_of(pattern.spec.kind, pattern.spec.params)
                   for pattern in cells.patterns]
        for number, pattern in enumerate(cells.pattern):
            self._cell.extend((number,) * outputs[pattern])
            self._index.extend(range(outputs[pattern]))

    def pattern(self, base: int) -> Pattern:
        """The pattern of the cell whose output it is."""
        return self._cells.patterns[self._cells.pattern[self._cell[base]]]

    def ref(self, base: int) -> SourceRef:
        """The output as a source. How long it will be nobody has measured yet."""
        number, index = self._cell[base], self._index[base]
        [key] = self._cells.keys(number, number + 1)
        return as_output(self.pattern(base), key + (f"#{index + 1}" if index else ""))

    def __len__(self) -> int:
        return len(self._cell)

    def at(self, number: int) -> Mapping[str, Value]:
        """The variables of the cell whose output it is."""
        return self.pattern(number).wording.vars(self._cells.strip[self._cell[number]])


def as_output(pattern: Pattern, value: str) -> SourceRef:
    """An output of a cell of this pattern as a source."""
    return SourceRef("job", value, sheet(pattern.spec.kind).makes, seconds=pattern.longest_s)


def most_bases(source: Campaign, campaign: Campaign) -> int:
    """How many outputs of one cell of `source` the campaign can start from."""
    if campaign.source_outputs:
        return campaign.source_outputs
    said = {axis.name: axis.values for axis in source.param_axes}
    said |= {name: (value,) for name, value in source.params.items()}
    kind = source.kind or ("ad-copy" if "variant_count" in said else "")
    name = COUNTED_BY.get(kind, "n")
    return max(outputs_of(kind, {name: n}) for n in said.get(name, (1,)))


def as_ref(source: Source) -> SourceRef:
    """A source that the manifest names, as the spec has it."""
    kind, value = ("file", source.digest) if source.digest else ("url", source.text)
    if source.text.startswith("asset:"):
        kind, value = "asset", source.text.removeprefix("asset:")
    return SourceRef(kind, value, source.media, source.path, source.bytes, source.seconds,
                     source.seconds is not None)


def meant(name: str, kind: str, catalog: Catalog, tool: str = "") -> Model | None:
    """The model of this name, that this tool runs where the service has tools; an extend may name
    the family whose clips it goes on from."""
    model = catalog.find(name, tool)
    operation = catalog.unnamed("extend") if kind == "extend" else None
    if operation and (model is None or model.kind != "extend") \
            and name.startswith(operation.capability.extends):
        return operation
    return model


def may_move(campaign: Campaign, manifest: Manifest, offers: Mapping[str, Offer]) -> bool:
    """Whether another account may buy its jobs as well: a library is one account's own, and a clip
    is gone on from where it was made."""
    return not (any(source.text.startswith("asset:") for source in campaign.sources)
                or _extends(campaign, offers)
                or any(_extends(other, offers) for other in manifest.campaigns
                       if other.source_campaign == campaign.name))


def _extends(campaign: Campaign, offers: Mapping[str, Offer]) -> bool:
    found = [offer.catalog.find(ref.model) for ref in campaign.models for offer in offers.values()]
    return "extend" in (campaign.kind, *(model.kind for model in found if model))


def fit_extend(base: Pattern | None, params: Mapping[str, Setting],
               model: Model) -> Misfit | None:
    """Whether the clip can be gone on from (llms.txt, POST /v1/generate/media/extend)."""
    named = "source_task_id" in params
    if base is None:
        return None if named else Misfit(
            ("sources",), "extend needs a clip to go on from",
            "`from:` a campaign of such clips, or `params: {source_task_id: …}`")
    if named:
        return Misfit(("params", "source_task_id"), "a clip is named twice",
                      "keep `from:` or source_task_id")
    spec, can = base.spec, model.capability
    if spec.kind != "video" or not spec.model.startswith(can.extends):
        return Misfit(("from",), f"{model.id} goes on from clips of {can.extends} models that are "
                                 f"no extends themselves, not from {spec.kind} of {spec.model}")
    shown = str(spec.params.get("resolution", ""))
    for resolution in can.extends_not:
        if resolution == shown or resolution in spec.model.split("-"):
            return Misfit(("from",), f"{model.id} does not go on from a clip in {resolution}")
    return None
