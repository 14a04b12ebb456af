"""What goes wrong at large: processes die and freeze, databases restart and go back, the broker forgets."""

import asyncio
from collections.abc import Callable
from functools import partial
from uuid import UUID

from shared.platform.topology import SPEAKERS
from tests.simulation.broker import JUNK, Stream
from tests.simulation.loop import Life
from tests.simulation.processes import House
from tests.simulation.tables import Tables
from tests.simulation.world import Rates, World

GOING_BACK = 0.3
"""Share of the runs in which a log goes back: what had heard more of it stops there for good."""
EAGER = 6.0
"""Seconds for which everybody writes to a service that came back."""
MEET_AGAIN = 3.0
"""Seconds of quiet after which every connection is made anew."""


class Nemesis:
    """Draws faults until it is told to be quiet."""

    def __init__(self, world: World, house: House) -> None:
        self._world = world
        self._house = house
        self._throw = world.story
        self._server = house.server
        self._copies: dict[str, Stream] = {}
        self._backups: dict[str, Tables] = {}
        self._kinds: list[Callable[[], object]] = []

    def arm(self) -> None:
        """Choose the kinds of this run, and the rates of the small faults."""
        kinds: list[Callable[[], object]] = [
            self.kill, self.stop, self.freeze, self.restart_database, self.end_transactions, self.bad_deploy,
            self.set_listener_back, self.lose_tail, self.wipe, self.wipe_unnoticed, self.restore_old_copy,
            self.delete_stream, self.delete_consumer, self.cut_off, self.feed_away, self.send_junk,
        ]  # fmt: skip
        self._kinds = [kind for kind in kinds if self._throw.random() < 0.5]
        if self._throw.random() < GOING_BACK:
            self._kinds += [self.set_speaker_back, self.lose_power]
        self._world.rates = Rates.drawn(self._throw)

    async def run(self, *, until: float) -> None:
        """One fault every few seconds."""
        while self._kinds and (delay := self._throw.expovariate(1 / 1.5)) + self._world.loop.time() < until:
            await asyncio.sleep(delay)
            service = self._service()
            self._backups[service] = self._house.databases[service].tables.copy()
            kind = self._throw.choice(self._kinds)
            self._world.faults[kind.__name__] += 1
            self._world.note("nemesis", kind.__name__)
            kind()

    def rest(self) -> None:
        """Every fault ends; what is missing is made again, as an operator would."""
        self._world.note("nemesis", "rests")
        self._world.rates = Rates()
        self._house.calm = True
        for service, database in self._house.databases.items():
            database.away = database.http_away = database.deploy_is_bad = False
            self._world.note("nemesis", f"{service} is back")
        for life in list(self._house.lives):
            self._house.thaw(life)
        self._up()
        self._server.provision()
        # By then whoever thawed has said what it still had to say: every relay meets the broker once more.
        self._world.later(MEET_AGAIN, self._reconnect)

    def _reconnect(self) -> None:
        self._server.cut_off(*SPEAKERS)
        self._up()

    def _life(self) -> Life | None:
        lives = [life for life in self._house.lives if not life.frozen]
        return self._throw.choice(lives) if lives else None

    def _seconds(self, most: float) -> float:
        return most * self._throw.random()

    # Processes.

    def kill(self) -> None:
        if life := self._life():
            self._house.kill(life)

    def stop(self) -> None:
        if life := self._life():
            self._house.stop(life)

    def freeze(self) -> None:
        if life := self._life():
            self._house.freeze(life)

    # Databases.

    def _service(self) -> str:
        return self._throw.choice(list(self._house.cast.replicas))

    def restart_database(self) -> None:
        database = self._house.databases[self._service()]
        database.terminate()
        database.away = True
        self._world.later(self._seconds(4), partial(setattr, database, "away", False))

    def end_transactions(self) -> None:
        self._house.databases[self._service()].terminate()

    def bad_deploy(self) -> None:
        database = self._house.databases[self._throw.choice(self._house.cast.listeners)]
        database.deploy_is_bad = True
        self._world.later(self._seconds(5), partial(setattr, database, "deploy_is_bad", False))

    def feed_away(self) -> None:
        database = self._house.databases[self._service()]
        database.http_away = True
        self._world.later(self._seconds(6), partial(setattr, database, "http_away", False))

    def _set_back(self, service: str, *, epoch: UUID | None = None) -> None:
        """To its last backup, if it has one."""
        database = self._house.databases[service]
        backup = self._backups.get(service)
        if backup is not None:
            self._world.note("nemesis", f"{service} goes back")
            database.go_back(backup, epoch=epoch)
            database.away = True
            self._world.later(self._seconds(3), partial(setattr, database, "away", False))

    def set_listener_back(self) -> None:
        """What only listens needs nothing: positions and effects go back together."""
        if "indicators" in self._house.cast.listeners:
            self._set_back("indicators")

    def set_speaker_back(self) -> None:
        """What speaks takes back what others have heard: they have to stop."""
        service = self._throw.choice([*self._house.cast.speakers, "followup"])
        epoch = self._world.identity() if self._throw.random() < 0.3 else None
        self._set_back(service, epoch=epoch)
        if self._throw.random() < 0.5:
            # Nothing new that would give the loss away.
            self._house.silent.add(service)
        else:
            # New events at the numbers of lost ones before anybody has compared.
            self._house.eager[service] = self._world.loop.time() + EAGER

    def lose_power(self) -> None:
        """Log and broker forget at once, so that the broker holds nothing against the log."""
        self.set_speaker_back()
        self.lose_tail()

    # The broker.

    def _speaker(self) -> str:
        return self._throw.choice(list(self._house.cast.replicas))

    def _restart(self) -> None:
        self._server.up = False
        self._server.cut_off(*SPEAKERS)
        self._world.later(self._seconds(4), self._up)

    def _up(self) -> None:
        self._server.up = True
        self._server.let_in(*SPEAKERS)

    def lose_tail(self) -> None:
        """A power cut: what was confirmed last was not on the disk; its numbers are given again."""
        for stream in self._server.streams.values():
            if stream is not None and stream.messages:
                stream.lose(int(self._seconds(12)))
        self._restart()

    def _forget(self, *speakers: str) -> None:
        for speaker in speakers:
            self._server.streams[speaker] = None
        self._world.later(self._seconds(3), self._server.provision)

    def wipe(self) -> None:
        self._forget(*SPEAKERS)
        self._restart()

    def wipe_unnoticed(self) -> None:
        """Streams that are made anew under connections that last."""
        self._forget(*SPEAKERS)
        self._server.provision()

    def delete_stream(self) -> None:
        self._forget(self._speaker())

    def delete_consumer(self) -> None:
        stream = self._server.streams[self._speaker()]
        if stream is not None:
            for name in list(stream.consumers)[: 1 + int(self._seconds(8))]:
                del stream.consumers[name]
        self._world.later(self._seconds(5), self._server.provision)

    def restore_old_copy(self) -> None:
        """Of the broker's disk, which is taken the first time."""
        if not self._copies:
            self._copies = {
                speaker: stream.copy() for speaker, stream in self._server.streams.items() if stream
            }
            return
        self._server.streams.update({speaker: stream.copy() for speaker, stream in self._copies.items()})
        self._copies = {}
        self._restart()

    def cut_off(self) -> None:
        service = self._service()
        self._server.cut_off(service)
        self._world.later(self._seconds(6), partial(self._server.let_in, service))

    def send_junk(self) -> None:
        """A stranger's message, and one of another speaker, in a stream."""
        speaker, partition = self._speaker(), self._throw.randrange(16)
        data = self._throw.choice(JUNK)
        others = self._house.databases[self._speaker()].tables.log.values()
        foreign = next((row for rows in others for row in rows), None)
        if foreign is not None and foreign.speaker != speaker and self._throw.random() < 0.5:
            data = foreign.to_json().encode()
        self._server.add(speaker, partition=partition, data=data, envelope=None, damaged=True)
