"""The public register: labels with their status at a date."""

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Date, RowMapping, Select, Text, exists, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.labelling.domain.labels import Status
from services.labelling.domain.trainings import CertificationKind
from services.labelling.queries.labels import status_at
from services.labelling.queries.pages import read_page
from services.labelling.schemas.register import HolderView, RegisterPage, RegisterSiteView, RegisterView
from services.labelling.tables import LABEL, NETWORK_MEMBER, ORGANISATION, SITE, TRAINING
from shared.kernel.errors import UNKNOWN, NotFound
from shared.platform.edge.streams import Listing


@dataclass(frozen=True)
class Filters:
    """What a reader of the register looks for; None is anything."""

    status: Status | None = None
    region: str | None = None
    certification_kind: CertificationKind | None = None
    holder: str | None = None
    network: str | None = None


async def register(
    reader: AsyncConnection, *, on: date, filters: Filters, limit: int, after: UUID | None
) -> RegisterPage:
    """Labels that pass the filters, in the order of their ids."""
    question = listing(on=on, filters=filters).question
    if after:
        question = question.where(LABEL.c.label_id > after)
    rows, following = await read_page(reader, question, limit=limit, key="label_id")
    held = [row._mapping for row in rows]  # noqa: SLF001 - the library's public name for a row as a mapping
    return RegisterPage(on=on, items=[_view(row, on=on) for row in held], next=following)


def listing(*, on: date, filters: Filters) -> Listing:
    """All labels that pass the filters, in the order of their ids."""
    question = _filtered(_labels(on), on=on, filters=filters).order_by(LABEL.c.label_id)
    return Listing(question, RegisterView, partial(_view, on=on))


async def registered(reader: AsyncConnection, label_id: UUID, *, on: date) -> RegisterView:
    """One label in the register. Raises NotFound."""
    found = await reader.execute(_labels(on).where(LABEL.c.label_id == label_id))
    row = found.mappings().one_or_none()
    if row is None:
        raise NotFound(UNKNOWN)
    return _view(row, on=on)


def _labels(on: date) -> Select[Any]:
    networks = (
        select(NETWORK_MEMBER.c.network)
        .where(NETWORK_MEMBER.c.training_id == LABEL.c.training_id, *_belongs(on))
        .correlate(LABEL)
        .scalar_subquery()
    )
    return (
        select(
            LABEL,
            TRAINING.c.content,
            TRAINING.c.region,
            TRAINING.c.code_insee,
            ORGANISATION.c.name.label("holder_name"),
            ORGANISATION.c.legal_status,
            SITE.c.siret,
            SITE.c.name.label("site_name"),
            func.array(networks, type_=ARRAY(Text)).label("networks"),
            status_at(on).label("status"),
        )
        .join(TRAINING, TRAINING.c.training_id == LABEL.c.training_id)
        .join(ORGANISATION, ORGANISATION.c.siren == LABEL.c.siren)
        .outerjoin(SITE, SITE.c.siret == TRAINING.c.siret)
    )


def _belongs(on: date) -> tuple[Any, ...]:
    day = literal(on, Date)
    return (
        NETWORK_MEMBER.c.since <= day,
        or_(NETWORK_MEMBER.c.until.is_(None), day <= NETWORK_MEMBER.c.until),
    )


def _filtered(question: Select[Any], *, on: date, filters: Filters) -> Select[Any]:
    if filters.status:
        question = question.where(status_at(on) == filters.status.value)
    if filters.region:
        question = question.where(TRAINING.c.region == filters.region)
    if filters.certification_kind:
        question = question.where(TRAINING.c.certification_kind == filters.certification_kind.value)
    if filters.holder:
        question = question.where(LABEL.c.siren == filters.holder)
    if filters.network:
        member = select(1).where(
            NETWORK_MEMBER.c.network == filters.network,
            NETWORK_MEMBER.c.training_id == LABEL.c.training_id,
            *_belongs(on),
        )
        question = question.where(exists(member.correlate(LABEL)))
    return question


def _view(row: RowMapping, *, on: date) -> RegisterView:
    site = (
        RegisterSiteView(
            siret=row["siret"], name=row["site_name"], code_insee=row["code_insee"], region=row["region"]
        )
        if row["siret"]
        else None
    )
    holder = HolderView(siren=row["siren"], name=row["holder_name"], legal_status=row["legal_status"])
    return RegisterView(
        **{
            **row["content"],
            **row,
            "holder": holder,
            "reference": row["training_reference"],
            "site": site,
            "networks": sorted(row["networks"]),
            "on": on,
        }
    )
