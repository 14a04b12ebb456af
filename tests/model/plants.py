"""Faults that are planted in the model, one at a time, to see that the explorer finds each; and guards left out."""

from enum import Enum


class Plant(Enum):
    """A wrong way to build the exchange: it breaks a law."""

    SKIP_CONTIGUITY = "the listener does not demand the next number"
    SPLIT_COMMIT = "the position is committed before the effects, in a transaction of its own"
    NUMBER_BEFORE_LOCK = "the number is drawn before the lock, so a later one may be committed first"
    TWO_APPLIERS = "the listener's position is read without a lock and written without a fence"
    ADVANCE_FIRST = "the relay advances before the broker confirmed, and no tail is repaired"
    SKIP_AFTER_A_WHILE = "a hole that stays for a while is skipped"
    PARK_ALONE = "a poisoned event is parked without those that follow it"
    IGNORE_LINEAGE = "the listener compares numbers and never the predecessor"
    IGNORE_WATERMARK = "no tail is repaired"
    WIPE_UNREPAIRED = "the relay does not rewind after a wipe, and nobody asks the feed"
    NUMBERS_ONLY_WATERMARK = "the watermark says a number without the event that bears it"
    BELIEVE_LOW_WATERMARK = "a watermark below the position stops the listener, and the log is not asked"
    BELIEVE_STRAYS = "an event that does not fit stops the listener, and the log is not asked"
    PREFER_BROKER = "of two events with one number the broker's is taken, and the log's dropped"
    DECIDE_WITHOUT_EPOCH = "the decision after a restore starts no new log epoch"
    REDRIVE_UNLOCKED = "a parked aggregate is driven again without the lock on the position"
    RELAY_OUTLIVES_RESTORE = "a relay goes on over the restore of its database, with the lease of before"


class Spare(Enum):
    """A guard left out that no law depends on: it saves work, others carry the promise."""

    NO_RELAY_FENCE = "a relay that lost its lease may still advance the cursor"
    EARLY_ACK = "messages are acknowledged when they are fetched"
