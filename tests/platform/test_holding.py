"""What a relay is told that the broker holds: its own newest events, and nothing that strayed into its stream."""

from dataclasses import replace

from shared.platform.exchange.broker import Tail
from tests.platform.test_exchange import envelopes_of, say
from tests.support.nats_server import NatsServer
from tests.support.under_test import ServiceUnderTest


async def test_a_strangers_message_is_no_tail_of_the_log(
    labelling: ServiceUnderTest, nats_server: NatsServer
) -> None:
    broker = nats_server.broker("labelling")
    await broker.connect()
    await say(labelling.database, *range(40))
    said = await envelopes_of(labelling.database)
    await broker.publish(said)
    [first, second, *_] = {event.partition: event for event in said}.values()
    assert (await broker.holding()).tails[first.partition] == Tail(first.epoch, first.sequence, first.id)
    for strayed in (
        replace(first, speaker="enrolment"),
        replace(first, partition=second.partition),
    ):
        await broker._client.publish(first.subject, strayed.to_json().encode())
        await broker._client.flush()
        tails = (await broker.holding()).tails
        assert first.partition not in tails
        assert tails[second.partition] == Tail(second.epoch, second.sequence, second.id)
    await broker.close()
