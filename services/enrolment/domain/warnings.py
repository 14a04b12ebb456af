"""What is accepted and yet wants a look."""

from shared.kernel.errors import Rule

QPV_UNKNOWN_WITHOUT_ADDRESS = Rule(
    "qpv_unknown_without_address",
    fr="Sans adresse personnelle, l'indicateur QPV est gardé comme inconnu.",
    en="Without an address of one's own, the QPV flag is kept as unknown.",
)
REPRESENTATIVE_TO_INFORM = Rule(
    "representative_to_inform",
    fr="Avant 18 ans, le représentant légal doit être informé ; la date manque.",
    en="Under 18 the legal representative has to be informed; the date is missing.",
)
