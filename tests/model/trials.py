"""Which configuration shows each planted fault, and the law that it breaks there."""

from dataclasses import dataclass, replace

from tests.model.configurations import (
    DRIVEN,
    LOSSES,
    POISON,
    RELAYS,
    RESTORED,
    RESTORED_LOSSES,
    WIPES,
    WORKERS,
    Configuration,
)
from tests.model.laws import Law
from tests.model.plants import Plant, Spare


@dataclass(frozen=True)
class Trial:
    """One fault, where it is planted, and what must be found."""

    plant: Plant
    configuration: Configuration
    law: Law


RENUMBERED = replace(RESTORED, aggregates="AB")

TRIALS = (
    Trial(Plant.SKIP_CONTIGUITY, LOSSES, Law.PREFIX),
    Trial(Plant.SPLIT_COMMIT, LOSSES, Law.SETTLES),
    Trial(Plant.NUMBER_BEFORE_LOCK, LOSSES, Law.CURSOR),
    Trial(Plant.TWO_APPLIERS, WORKERS, Law.ONCE),
    Trial(Plant.ADVANCE_FIRST, RELAYS, Law.SETTLES),
    Trial(Plant.SKIP_AFTER_A_WHILE, LOSSES, Law.PREFIX),
    Trial(Plant.PARK_ALONE, POISON, Law.ORDER),
    Trial(Plant.IGNORE_LINEAGE, RESTORED, Law.LINEAGE),
    Trial(Plant.IGNORE_WATERMARK, LOSSES, Law.SETTLES),
    Trial(Plant.WIPE_UNREPAIRED, replace(WIPES, aggregates="A"), Law.SETTLES),
    Trial(Plant.NUMBERS_ONLY_WATERMARK, RESTORED_LOSSES, Law.SETTLES),
    Trial(Plant.BELIEVE_LOW_WATERMARK, LOSSES, Law.ALARM),
    Trial(Plant.BELIEVE_STRAYS, RENUMBERED, Law.ALARM),
    Trial(Plant.PREFER_BROKER, RESTORED, Law.SETTLES),
    Trial(Plant.DECIDE_WITHOUT_EPOCH, RENUMBERED, Law.PREFIX),
    Trial(Plant.REDRIVE_UNLOCKED, DRIVEN, Law.PREFIX),
    Trial(Plant.RELAY_OUTLIVES_RESTORE, RENUMBERED, Law.CURSOR),
)
SPARES: tuple[tuple[Spare, Configuration], ...] = ((Spare.NO_RELAY_FENCE, RELAYS), (Spare.EARLY_ACK, POISON))
