"""The declared facts of a training and the findings on them, as JSON documents and back."""

from collections.abc import Mapping
from typing import Any

from services.labelling.domain.criteria import Finding, Flip, Kind, Operator, Result
from services.labelling.domain.trainings import (
    AudienceShares,
    Certification,
    CertificationKind,
    Content,
    Need,
    NeedKind,
)


def content_of(document: Mapping[str, Any]) -> Content:
    """The declared facts of a document."""
    certification = document["certification"]
    return Content(
        **{
            **document,
            "certification": Certification(
                **{**certification, "kind": CertificationKind(certification["kind"])}
            ),
            "approaches": tuple(document["approaches"]),
            "support": tuple(document["support"]),
            "audience_shares": AudienceShares(**document["audience_shares"]),
            "needs": tuple(Need(**{**need, "kind": NeedKind(need["kind"])}) for need in document["needs"]),
        }
    )


def finding_document(finding: Finding) -> dict[str, Any]:
    """The document of a finding."""
    return {**vars(finding), "flip": vars(finding.flip) if finding.flip else None}


def finding_of(document: Mapping[str, Any]) -> Finding:
    """The finding of a document."""
    flip = document["flip"]
    return Finding(
        criterion=document["criterion"],
        kind=Kind(document["kind"]),
        result=Result(document["result"]),
        fact=document["fact"],
        operator=Operator(document["operator"]),
        threshold=_tuple_of(document["threshold"]),
        evidence=_tuple_of(document["evidence"]),
        flip=Flip(**flip) if flip else None,
    )


def _tuple_of(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
