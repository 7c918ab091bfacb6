"""What was found out about each layer between us and a meter's values, told as soon as it is known."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ..errors import AssociationRejected, DlmsError
from ..interface_classes.sap_assignment import SapAssignment
from .foreign_protocol import ForeignProtocol
from .verdict import Layer


class LayerVerdict(StrEnum):
    """What came out for a layer."""

    OK = "ok"
    FAILED = "failed"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class LayerFinding:
    """A layer's verdict; ``detail``: what was seen. ``error``: what failed, for advice.

    ``is_mended``: the reason is gone by now, so that another attempt may work. ``listed``: the wPorts of the logical
    devices that the meter lists, where the chosen one is none of them.
    What a form says in its own words is told by ``devices``, the logical devices that the public client was told;
    ``objects``, how many the list has; ``speaks``, what answers instead of the wrapper; and ``is_cut``, whether no more
    than part of an answer came.
    """

    layer: Layer
    verdict: LayerVerdict = LayerVerdict.NOT_TRIED
    detail: str = ""
    error: DlmsError | None = None
    is_mended: bool = False
    listed: tuple[int, ...] = ()
    devices: tuple[SapAssignment, ...] = ()
    objects: int = 0
    speaks: ForeignProtocol | None = None
    is_cut: bool = False


class LayerFindings:
    """A finding for each layer; ``on_finding`` is told of each when it is known, and again where it changes."""

    def __init__(self, on_finding: Callable[[LayerFinding], None]) -> None:
        self._findings: Final = {layer: LayerFinding(layer) for layer in Layer}
        self._told: Final[dict[Layer, LayerFinding]] = {}
        self._on_finding: Final = on_finding

    def __getitem__(self, layer: Layer) -> LayerFinding:
        return self._findings[layer]

    @property
    def in_order(self) -> list[LayerFinding]:
        """All of them."""
        return [self._findings[layer] for layer in Layer]

    def has_failed(self, layer: Layer) -> bool:
        """Return whether a layer does not work."""
        return self._findings[layer].verdict is LayerVerdict.FAILED

    def is_fine(self, layer: Layer, detail: str, *, devices: tuple[SapAssignment, ...] = (), objects: int = 0) -> None:
        """Note that a layer works. Arguments are a LayerFinding's."""
        self._findings[layer] = LayerFinding(layer, LayerVerdict.OK, detail, devices=devices, objects=objects)

    def is_left_out(self, layer: Layer, reason: str) -> None:
        """Note that a layer is not tried."""
        self._findings[layer] = LayerFinding(layer, LayerVerdict.NOT_TRIED, reason)

    def fails(
        self,
        layer: Layer,
        error: DlmsError,
        detail: str = "",
        *,
        is_mended: bool = False,
        listed: tuple[int, ...] = (),
    ) -> None:
        """Note what a layer fails with. Arguments are a LayerFinding's."""
        told = detail or str(error)
        if isinstance(error, AssociationRejected) and error.offered:
            told += f"; the meter offers {error.offered}"
        self._findings[layer] = LayerFinding(layer, LayerVerdict.FAILED, told, error, is_mended, listed)

    def fails_in_framing(self, error: DlmsError, detail: str, *, speaks: ForeignProtocol | None, is_cut: bool) -> None:
        """Note what came instead of the wrapper. Arguments are a LayerFinding's."""
        self._findings[Layer.FRAMING] = LayerFinding(
            Layer.FRAMING, LayerVerdict.FAILED, detail, error, speaks=speaks, is_cut=is_cut
        )

    def tell(self, until: Layer) -> None:
        """Hand out what is known of the layers so far."""
        layers = [*Layer]
        for layer in layers[: layers.index(until) + 1]:
            finding = self._findings[layer]
            if self._told.get(layer) != finding:
                self._told[layer] = finding
                self._on_finding(finding)
