"""One table of speakers and listeners: services, durables and rights agree with it."""

import importlib

import pytest

from shared.platform.exchange.provision import consumer_config, stream_config
from shared.platform.topology import (
    HEARS,
    OPERATOR,
    PARTITIONS,
    PROVISIONER,
    SPEAKERS,
    durables,
    rights,
)


@pytest.mark.parametrize("service", SPEAKERS)
def test_a_service_subscribes_only_to_those_it_hears(service: str) -> None:
    subscriptions = importlib.import_module(f"services.{service}.consumers").SUBSCRIPTIONS
    assert {subscription.speaker for subscription in subscriptions} <= set(HEARS[service])
    for subscription in subscriptions:
        for fact in subscription.facts:
            # A state shared by several events carries no type of its own.
            assert fact.TYPE == "" or fact.TYPE.startswith(f"{subscription.speaker}.")


def test_the_durables_of_a_listener_share_all_partitions_of_each_speaker() -> None:
    for listener, speakers in HEARS.items():
        for speaker in speakers:
            mine = [durable for durable in durables(listener) if durable.speaker == speaker]
            partitions = [partition for durable in mine for partition in durable.partitions]
            assert sorted(partitions) == list(range(PARTITIONS))
    assert len({durable.name for durable in durables()}) == len(list(durables()))


def test_nobody_publishes_in_anothers_name() -> None:
    table = rights()
    assert set(table) == {*SPEAKERS, PROVISIONER, OPERATOR}
    for service in SPEAKERS:
        spoken = [subject for subject in table[service]["publish"] if subject.startswith("evt.")]
        assert spoken == [f"evt.{service}.>"]
        assert not any(
            subject.startswith(("$JS.API.STREAM.>", "evt.", ">")) for subject in table[service]["subscribe"]
        )
        assert not any(subject.startswith("_INBOX.") for subject in table[service]["subscribe"])


def test_streams_refuse_rather_than_forget_and_consumers_never_give_up() -> None:
    stream = stream_config("enrolment", replicas=1, epoch="one")
    assert (stream.discard, stream.deny_delete, stream.deny_purge) == ("new", True, True)
    consumer = consumer_config(next(durables("indicators")))
    assert (consumer.max_deliver, consumer.ack_policy, consumer.inactive_threshold) == (-1, "all", None)
