"""What a run of the explorer is about: a configuration, and what is changed in the model, if anything."""

from dataclasses import dataclass

from tests.model.configurations import Configuration, Fault
from tests.model.plants import Plant, Spare


@dataclass(frozen=True)
class World:
    """The setting in which steps are taken."""

    configuration: Configuration
    plant: Plant | Spare | None = None

    def suffers(self, fault: Fault) -> bool:
        return fault in self.configuration.faults

    def has(self, *plants: Plant | Spare) -> bool:
        return self.plant in plants

    @property
    def repairs_tails(self) -> bool:
        return not self.has(Plant.ADVANCE_FIRST, Plant.IGNORE_WATERMARK, Plant.WIPE_UNREPAIRED)
