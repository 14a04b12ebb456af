"""Sites: placed on the map by their commune, under the SIREN of their organisation."""

from dataclasses import replace
from datetime import date

import pytest

from services.labelling.domain.organisations import DeclaredSite, LegalStatus, Organisation, place, with_site
from shared.kernel.errors import Invalid
from tests.labelling.builders import HOLDER, OTHER_SITE, SITE, SITE_OF_OTHER_HOLDER

DECLARED = DeclaredSite(SITE, "Fabrique", "75056", date(2015, 1, 1))


@pytest.mark.parametrize(
    ("commune", "region"), [("75056", "11"), ("2A004", "94"), ("97411", "04"), ("98818", "00")]
)
def test_the_region_follows_from_the_commune(commune: str, region: str) -> None:
    assert place(replace(DECLARED, code_insee=commune), siren=HOLDER).region == region


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        (replace(DECLARED, siret=SITE_OF_OTHER_HOLDER), "siret_of_another_organisation"),
        (replace(DECLARED, code_insee="99001"), "unknown_departement"),
        (replace(DECLARED, open_until=date(2014, 12, 31)), "period_reversed"),
    ],
)
def test_a_site_that_does_not_fit_is_refused(declared: DeclaredSite, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        place(declared, siren=HOLDER)

    assert refusal.value.rule.code == code


def test_a_site_is_added_once_and_replaced_under_its_number() -> None:
    site, other = (place(replace(DECLARED, siret=siret), siren=HOLDER) for siret in (SITE, OTHER_SITE))
    first = with_site(with_site(Organisation(HOLDER, "A", LegalStatus.PUBLIC), other), site)
    renamed = with_site(first, replace(site, name="Autre"))

    assert [held.siret for held in first.sites] == [SITE, OTHER_SITE]
    assert with_site(first, site) is first
    assert (renamed.version, len(renamed.sites), renamed.sites[0].name) == (4, 2, "Autre")
