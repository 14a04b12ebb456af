"""Official French identifiers: their form and their check digits, and ids derived from public keys."""

import re
from typing import Final
from uuid import UUID, uuid5

from stdnum.fr import siret as _siret

from shared.kernel.errors import Rule

_NAMESPACE: Final = UUID("6d1f3c5e-0f6b-5a53-9c0b-5b7a6a1f2016")

BAD_SIREN = Rule(
    "bad_siren", fr="SIREN : neuf chiffres, clé de Luhn juste.", en="SIREN: nine digits, right Luhn key."
)
BAD_SIRET = Rule(
    "bad_siret",
    fr="SIRET : quatorze chiffres, clé juste (règle propre à La Poste comprise).",
    en="SIRET: fourteen digits, right check digits (La Poste's own rule included).",
)
BAD_RNCP = Rule(
    "bad_rncp", fr="Fiche RNCP ou RS : RNCP34126, RS5616.", en="RNCP or RS entry: RNCP34126, RS5616."
)
BAD_CODE_INSEE = Rule(
    "bad_code_insee",
    fr="Code commune INSEE : cinq caractères, par exemple 75056 ou 2A004.",
    en="INSEE commune code: five characters, for example 75056 or 2A004.",
)

_REGISTER_ENTRY = re.compile(r"(RNCP\d{2,6}|RS\d{1,8})", re.ASCII)
_CODE_INSEE = re.compile(r"(\d{2}|2[AB])\d{3}", re.ASCII)
_DIGITS = re.compile(r"\d+", re.ASCII)
_LA_POSTE: Final = "356000000"
_PLAIN: Final = bytes.maketrans(b"0123456789", bytes(range(10)))
_DOUBLED: Final = bytes.maketrans(b"0123456789", bytes(sum(divmod(2 * digit, 10)) for digit in range(10)))


def is_siren(text: str) -> bool:
    """Nine ASCII digits with a right Luhn key. Source: INSEE, Sirene."""
    return len(text) == 9 and bool(_DIGITS.fullmatch(text)) and _luhn(text)  # noqa: PLR2004 - length of a SIREN


def is_siret(text: str) -> bool:
    """Fourteen ASCII digits with right keys; La Poste's sites sum to a multiple of five. Source: INSEE, Sirene."""
    if len(text) != 14 or not _DIGITS.fullmatch(text):  # noqa: PLR2004 - length of a SIRET
        return False
    if text.startswith(_LA_POSTE):
        return bool(_siret.is_valid(text))
    return _luhn(text) and _luhn(text[:9])


def _luhn(digits: str) -> bool:
    """The key of a whole number, summed over bytes: a push carries a thousand of these."""
    text = digits.encode()
    return (sum(text[-1::-2].translate(_PLAIN)) + sum(text[-2::-2].translate(_DOUBLED))) % 10 == 0


def is_register_entry(text: str) -> bool:
    """An entry of the national registers, RNCP or RS, with its prefix. Source: France compétences."""
    return bool(_REGISTER_ENTRY.fullmatch(text))


def is_code_insee(text: str) -> bool:
    """The form of a commune code of the official geographic code (existence is not checked). Source: INSEE, COG."""
    return bool(_CODE_INSEE.fullmatch(text))


def stable_id(kind: str, *parts: str) -> UUID:
    """An id derived from a public key, e.g. `stable_id("training", siren, reference)`; never from an identity."""
    return uuid5(_NAMESPACE, "\x1f".join((kind, *parts)))
