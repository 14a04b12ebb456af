"""What followup refuses or warns about, in plain words."""

from shared.kernel.errors import Rule

NOT_A_REPORTER = Rule(
    "not_a_reporter",
    fr="Seuls un organisme porteur ou un déclarant reconnu transmettent des observations.",
    en="Only a holder or a recognised reporter sends observations.",
)
BAD_PERIOD = Rule(
    "bad_period", fr="La période finit avant de commencer.", en="The period ends before it starts."
)
ENDS_BEFORE_START = Rule(
    "ends_before_start", fr="La fin précède le début.", en="The end comes before the start."
)
STARTS_TOO_LATE = Rule(
    "starts_too_late",
    fr="Le début dépasse de plus de 31 jours la date de recueil.",
    en="The start lies more than 31 days after the collection date.",
)
OBSERVED_AFTER_COLLECTION = Rule(
    "observed_after_collection",
    fr="La situation est observée au plus tard le jour du recueil.",
    en="A situation is observed on the day of collection at the latest.",
)
UNKNOWN_OUTCOME = Rule(
    "unknown_outcome",
    fr="Code absent de la liste des situations.",
    en="The code is not on the outcome list.",
)
OTHER_ENROLMENT = Rule(
    "other_enrolment",
    fr="Cette référence désigne une observation d'une autre inscription : la retirer, puis en prendre une nouvelle.",
    en="This reference names an observation of another enrolment: retract it, then use a new reference.",
)
EXIT_WITHDRAWN = Rule(
    "exit_withdrawn",
    fr="La sortie de cette inscription a été retirée : il n'y a plus de suivi.",
    en="The exit of this enrolment was withdrawn: there is no follow-up any more.",
)

UNKNOWN_NATURE = Rule(
    "unknown_nature",
    fr="Nature de contrat inconnue, prise comme autre contrat.",
    en="Unknown nature of contract, taken as another contract.",
)
PLANNED_END_MISSING = Rule(
    "planned_end_missing",
    fr="Durée d'un contrat à terme inconnue : la fin prévue est attendue.",
    en="The length of a fixed-term contract is unknown: the planned end is expected.",
)
UNKNOWN_REFERENCE = Rule(
    "unknown_reference",
    fr="Référence encore inconnue : le retrait vaudra pour ce qui arriverait plus tard.",
    en="The reference is not known yet: the retraction holds for whatever may arrive later.",
)
