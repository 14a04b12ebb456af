"""The scenario of a deploy that wrote wrong effects: silent, found by hearing everything again, mended by the swap."""

from collections.abc import Mapping, Sequence

from tests.faults.findings import Findings
from tests.faults.ledger import Content, Key
from tests.faults.scenarios import Story, rows_of

BAD, SOUND = "tests.faults.bad_deploy", "shared.platform.serve"
_ENDS = frozenset({"completed", "abandoned"})


async def script(story: Story) -> bool:
    """Tell stories to a sound deploy, then to a bad one, and go back: the books must find just what the bad one did."""
    await story.tell()
    if not await story.close_the_books():
        return False
    await _deploy(story, BAD)
    before = {key: list(record.accepted) for key, record in story.ledger.records.items()}
    await story.tell()
    touched = _touched(story, before)
    found = (await story.stage.books(story.ledger)).findings
    story.note(spoilt=touched, found_by_the_books=_wrong_facts(found), silent=_cells_agree(found))
    await _deploy(story, SOUND)
    return await _mend(story, spoilt=touched)


async def _deploy(story: Story, module: str) -> None:
    """Replace the processes that listen for indicators."""
    keeper = story.stage.rig.keeper
    for kept in story.stage.rig.processes("intake", service="indicators"):
        await keeper.hold(kept)
        kept.module = module
        keeper.let_go(kept)
    story.note(deployed=module.rpartition(".")[2])


def _touched(story: Story, before: Mapping[Key, Sequence[Content]]) -> int:
    """Learners whose end is known and of whom something was said since: the bad deploy exchanged their ends."""
    ends = story.ledger.said("end")
    said = {
        key.reference
        for key, record in story.ledger.records.items()
        if key.kind in {"entry", "end"} and record.accepted != before.get(key, [])
    }
    return sum(reference in ends and ends[reference].accepted[-1]["kind"] in _ENDS for reference in said)


def _wrong_facts(findings: Findings) -> int:
    return sum(line.startswith("the fact of ") for line in findings.wrong)


def _cells_agree(findings: Findings) -> bool:
    """Whether facts and cells agree with each other: then nothing inside the service can tell."""
    return not any("differ from the facts" in line for line in findings.wrong)


async def _mend(story: Story, *, spoilt: int) -> bool:
    """Compare without swapping, swap while the load goes on, compare again."""
    compared = rows_of(await story.operate("rebuild", "indicators", "--expect-equal", "--json", code=1))
    reported = _differing(compared, "enrolment_fact")
    await story.load.enter(50, bulk=True)
    swapped = rows_of(await story.operate("rebuild", "indicators", "--json"))
    await story.load.end(50, bulk=True)
    story.note(reported=reported, reported_at_the_swap=_differing(swapped, "enrolment_fact"))
    await story.operate("rebuild", "indicators", "--forget")
    sound = await story.close_the_books()
    await story.operate("rebuild", "indicators", "--expect-equal", "--json")
    counts = story.counts
    exact = counts["found_by_the_books"] == reported == counts["reported_at_the_swap"] == spoilt
    story.note(mended=sound, exact=exact)
    return sound and exact and spoilt > 0


def _differing(rows: Sequence[dict[str, object]], table: str) -> int:
    """How many rows of a table stand in the set made again and not in the live one."""
    [row] = [row for row in rows if row["table"] == table]
    found = row["only_again"]
    assert isinstance(found, int)
    return found
