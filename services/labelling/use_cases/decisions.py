"""Recording committee decisions; a grant makes the training and its label."""

from collections.abc import Mapping, Sequence

from services.labelling.domain import refusals
from services.labelling.domain.applications import Application, close
from services.labelling.domain.calls import Call, check_open_to_labels
from services.labelling.domain.decisions import (
    Decision,
    Head,
    Link,
    Outcome,
    chain,
    check_decision,
    digest_of,
)
from services.labelling.domain.labels import grant, label_id_of
from services.labelling.domain.trainings import Training, training_id_of
from services.labelling.repository.applications import Key, hold_applications, save_states
from services.labelling.repository.calls import load_calls
from services.labelling.repository.decisions import append, hold_head, load_decisions
from services.labelling.repository.labels import add_trainings, save_labels
from services.labelling.repository.organisations import load_sites
from services.labelling.use_cases.effective import Actor
from services.labelling.use_cases.facts import label_granted, training_described
from services.labelling.use_cases.settled import Settled, raise_refusal, settle_each
from shared.kernel.errors import Conflict, Invalid
from shared.platform.database import Transaction
from shared.platform.edge.bulk import Verdict


async def record_decisions(tx: Transaction, decisions: Sequence[Decision], *, actor: Actor) -> list[Verdict]:
    """Record decisions; one verdict per decision, with the ids that a grant makes."""
    settled = await _record(tx, decisions, actor=actor)
    return [one.verdict(**_ids_of(one.state)) for one in settled]


async def record_decision(tx: Transaction, decision: Decision, *, actor: Actor) -> None:
    """Record one decision. Raises Conflict, Invalid, Forbidden."""
    raise_refusal(await _record(tx, [decision], actor=actor))


async def _record(tx: Transaction, decisions: Sequence[Decision], *, actor: Actor) -> list[Settled[Decision]]:
    # The head comes first: decisions come one after the other, so nothing read below can change under us.
    head = await hold_head(tx)
    held = await load_decisions(tx, {decision.reference for decision in decisions})
    applications = await hold_applications(tx, {_key(decision) for decision in decisions})
    calls = await load_calls(tx, {application.content.call for application in applications.values()})

    def act(decision: Decision, before: Decision | None) -> Decision:
        if before is not None:
            return _same(before, decision)
        decided = _decided(applications, decision, calls=calls)
        actor.check(decision.decided_on, pointer="/decided_on")
        applications[_key(decision)] = decided
        return decision

    settled = settle_each(decisions, held, key=lambda decision: decision.reference, act=act)
    new = [one.state for one in settled if one.state and one.is_written]
    if not new:
        return settled
    await append(tx, _chained(head, new, applications=applications))
    await save_states(tx, [applications[_key(decision)] for decision in new])
    await _grant(tx, new, applications=applications, calls=calls)
    await actor.journal(tx, "decisions", dates=[decision.decided_on for decision in new])
    return settled


async def _grant(
    tx: Transaction,
    decisions: Sequence[Decision],
    *,
    applications: Mapping[Key, Application],
    calls: Mapping[str, Call],
) -> None:
    granted = [decision for decision in decisions if decision.outcome is Outcome.GRANTED]
    if not granted:
        return
    contents = [applications[_key(decision)].content for decision in granted]
    sites = await load_sites(tx, {content.siret for content in contents if content.siret})
    trainings, labels = [], []
    for decision, content in zip(granted, contents, strict=True):
        holder, reference = _key(decision)
        site = sites.get(content.siret) if content.siret else None
        training_id = training_id_of(holder, reference)
        trainings.append(Training(training_id, holder, reference, content, site))
        months = calls[content.call].label_months
        labels.append(
            grant(holder=holder, reference=reference, decided_on=decision.decided_on, months=months)
        )
    await add_trainings(tx, trainings)
    await save_labels(tx, labels)
    for training, label in zip(trainings, labels, strict=True):
        tx.speak(training_described(training), label_granted(label))


def _chained(
    head: Head, decisions: Sequence[Decision], *, applications: Mapping[Key, Application]
) -> list[Link]:
    links: list[Link] = []
    for decision in decisions:
        application = applications[_key(decision)]
        digest = digest_of(application.content)
        links.append(chain(head, decision, criteria_set=application.criteria_set, content_digest=digest))
        head = links[-1].as_head()
    return links


def _decided(
    applications: Mapping[Key, Application], decision: Decision, *, calls: Mapping[str, Call]
) -> Application:
    check_decision(decision)
    application = applications.get(_key(decision))
    if application is None:
        raise Invalid(refusals.APPLICATION_UNKNOWN, pointer="/application")
    granted = decision.outcome is Outcome.GRANTED
    closed = close(application, granted=granted, decided_on=decision.decided_on)
    if granted:
        check_open_to_labels(calls[application.content.call], decided_on=decision.decided_on)
    return closed


def _same(before: Decision, decision: Decision) -> Decision:
    if before != decision:
        raise Conflict(refusals.DECISION_DIFFERS)
    return before


def _key(decision: Decision) -> Key:
    return decision.holder, decision.application


def _ids_of(decision: Decision | None) -> dict[str, object]:
    if decision is None or decision.outcome is not Outcome.GRANTED:
        return {}
    return {
        "label_id": label_id_of(*_key(decision)),
        "training_id": training_id_of(*_key(decision)),
    }
