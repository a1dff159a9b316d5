"""What a job starts from: files of its own, or an output of another campaign's job.

Law: every output that is counted on is one start. An output that then does not come cancels what
hangs on it, and says so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipeline.core.catalog import Catalog, Model
from pipeline.core.cells import Cell
from pipeline.core.kinds import outputs_of, sheet
from pipeline.core.manifest import Campaign, Source
from pipeline.core.offer import Misfit
from pipeline.core.params import Setting
from pipeline.core.spec import SourceRef


@dataclass(frozen=True, slots=True)
class Base:
    """One output of another campaign's cell; `index` counts the outputs of that cell."""

    cell: Cell
    index: int = 0

    @property
    def ref(self) -> SourceRef:
        """The output as a source. How long it will be nobody has measured yet."""
        value = self.cell.key + (f"#{self.index + 1}" if self.index else "")
        return SourceRef("job", value, sheet(self.cell.spec.kind).makes,
                         seconds=self.cell.longest_s)


def bases_of(cells: Iterable[Cell], campaign: Campaign) -> list[Base]:
    """What a campaign starts from: every output of those cells, or as many as its author says."""
    return [Base(cell, index) for cell in cells
            for index in range(campaign.source_outputs
                               or outputs_of(cell.spec.kind, cell.spec.params))]


def most_bases(source: Campaign, campaign: Campaign) -> int:
    """How many outputs of one cell of `source` the campaign can start from."""
    if campaign.source_outputs:
        return campaign.source_outputs
    said = {axis.name: axis.values for axis in source.param_axes}
    said |= {name: (value,) for name, value in source.params.items()}
    kind = source.kind or ("ad-copy" if "variant_count" in said else "")
    return max(outputs_of(kind, {"variant_count": n}) for n in said.get("variant_count", (1,)))


def as_ref(source: Source) -> SourceRef:
    """A source that the manifest names, as the spec has it."""
    kind, value = ("file", source.digest) if source.digest else ("url", source.text)
    if source.text.startswith("asset:"):
        kind, value = "asset", source.text.removeprefix("asset:")
    return SourceRef(kind, value, source.media, source.path, source.bytes, source.seconds,
                     source.seconds is not None)


def meant(name: str, kind: str, catalog: Catalog) -> Model | None:
    """The model of this name; an extend may name the family whose clips it goes on from."""
    model = catalog.find(name)
    operation = catalog.unnamed("extend") if kind == "extend" else None
    if operation and (model is None or model.kind != "extend") \
            and name.startswith(operation.capability.extends):
        return operation
    return model


def fit_extend(base: Base | None, params: Mapping[str, Setting], model: Model) -> Misfit | None:
    """Whether the clip can be gone on from (llms.txt, POST /v1/generate/media/extend)."""
    named = "source_task_id" in params
    if base is None:
        return None if named else Misfit(
            ("sources",), "extend needs a clip to go on from",
            "`from:` a campaign of such clips, or `params: {source_task_id: …}`")
    if named:
        return Misfit(("params", "source_task_id"), "a clip is named twice",
                      "keep `from:` or source_task_id")
    spec, can = base.cell.spec, model.capability
    if spec.kind != "video" or not spec.model.startswith(can.extends):
        return Misfit(("from",), f"{model.id} goes on from clips of {can.extends} models that are "
                                 f"no extends themselves, not from {spec.kind} of {spec.model}")
    shown = str(spec.params.get("resolution", ""))
    for resolution in can.extends_not:
        if resolution == shown or resolution in spec.model.split("-"):
            return Misfit(("from",), f"{model.id} does not go on from a clip in {resolution}")
    return None
