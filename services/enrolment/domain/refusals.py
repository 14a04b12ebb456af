"""Every refusal of enrolment, with what a person reads."""

from shared.kernel.errors import Rule

START_OUTSIDE_LABEL_VALIDITY = Rule(
    "start_outside_label_validity",
    fr="La session doit commencer pendant la validité du label de la formation.",
    en="The session must start within the validity of the training's label.",
)
START_WHILE_LABEL_WITHHELD = Rule(
    "start_while_label_withheld",
    fr="Aucune session ne commence pendant une suspension du label ni après son retrait.",
    en="No session starts while the label is suspended or after it was revoked.",
)
ENTRY_OUTSIDE_LABEL_VALIDITY = Rule(
    "entry_outside_label_validity",
    fr="Dans une session à entrées permanentes, chaque entrée a lieu pendant la validité du label.",
    en="In a rolling-entry session each entry takes place within the label's validity.",
)
ENTRY_WHILE_LABEL_WITHHELD = Rule(
    "entry_while_label_withheld",
    fr="Aucune entrée pendant une suspension du label ni après son retrait.",
    en="No entry while the label is suspended or after it was revoked.",
)
SESSION_NOT_COVERED = Rule(
    "session_not_covered",
    fr="La session n'est pas couverte par un label : aucune nouvelle entrée.",
    en="No label covers the session: no new entry.",
)
SESSION_CANCELLED = Rule("session_cancelled", fr="La session a été annulée.", en="The session was cancelled.")
END_BEFORE_START = Rule(
    "end_before_start",
    fr="La fin prévue ne peut précéder le début.",
    en="The planned end cannot precede the start.",
)
TRAINING_IS_FIXED = Rule(
    "training_is_fixed",
    fr="Une session qui a des inscrits ne change plus de formation.",
    en="A session with enrolments keeps its training.",
)
UNKNOWN_SESSION = Rule(
    "unknown_session",
    fr="Session inconnue : elle se déclare avant ses inscriptions.",
    en="Unknown session: declare it before its enrolments.",
)
UNKNOWN_ENROLMENT = Rule(
    "unknown_enrolment",
    fr="Inscription inconnue : elle se déclare avant ce qui la suit.",
    en="Unknown enrolment: declare it before what follows it.",
)
ENTRY_OUTSIDE_SESSION = Rule(
    "entry_outside_session",
    fr="L'entrée a lieu entre le début et la fin prévue de la session.",
    en="The entry takes place between the session's start and its planned end.",
)
ENTRY_AFTER_END = Rule(
    "entry_after_end",
    fr="L'entrée ne peut suivre la fin déjà déclarée.",
    en="The entry cannot follow the end already declared.",
)
PLANNED_END_BEFORE_ENTRY = Rule(
    "planned_end_before_entry",
    fr="La fin prévue ne peut précéder l'entrée.",
    en="The planned end cannot precede the entry.",
)
TOO_YOUNG = Rule(
    "too_young",
    fr="Il faut avoir 16 ans révolus à l'entrée.",
    en="A learner is at least 16 at entry.",
)
BORN_TOO_LONG_AGO = Rule(
    "born_too_long_ago",
    fr="Date de naissance invraisemblable : plus de 100 ans à l'entrée.",
    en="Unlikely birth date: more than 100 years old at entry.",
)
NIR_REFUSED = Rule(
    "nir_refused",
    fr="Le numéro de sécurité sociale n'est accepté dans aucun champ ; il n'a été ni gardé ni journalisé.",
    en="The social security number is accepted in no field; it was neither kept nor logged.",
)
END_BEFORE_ENTRY = Rule(
    "end_before_entry", fr="La sortie ne peut précéder l'entrée.", en="The end cannot precede the entry."
)
CANCELLED_AFTER_ENTRY = Rule(
    "cancelled_after_entry",
    fr="Après l'entrée, une inscription ne s'annule plus : déclarer un abandon ou une interruption.",
    en="After the entry an enrolment is no longer cancelled: declare an abandonment or an interruption.",
)
REASON_NOT_EXPECTED = Rule(
    "reason_not_expected",
    fr="Seul un abandon porte un motif.",
    en="Only an abandonment carries a reason.",
)
NOT_A_COMPLETION = Rule(
    "not_a_completion",
    fr="Parcours terminé : présent à la fin, ou au moins 80 % des heures prévues.",
    en="A completion is presence at the end, or at least 80 % of the planned hours.",
)
DESTINATION_REQUIRED = Rule(
    "destination_required",
    fr="Un transfert nomme l'inscription qui le continue.",
    en="A transfer names the enrolment that continues it.",
)
DESTINATION_NOT_EXPECTED = Rule(
    "destination_not_expected",
    fr="Seul un transfert nomme une inscription qui le continue.",
    en="Only a transfer names an enrolment that continues it.",
)
UNKNOWN_DESTINATION = Rule(
    "unknown_destination",
    fr="L'inscription d'arrivée est inconnue : elle se déclare d'abord.",
    en="The destination enrolment is unknown: declare it first.",
)
DESTINATION_OF_ANOTHER_LEARNER = Rule(
    "destination_of_another_learner",
    fr="L'inscription d'arrivée doit être une autre inscription de la même personne.",
    en="The destination must be another enrolment of the same learner.",
)
LEARNER_IS_FIXED = Rule(
    "learner_is_fixed",
    fr="Une inscription ne change pas de personne.",
    en="An enrolment keeps its learner.",
)
DECIDED_BEFORE_ENTRY = Rule(
    "decided_before_entry",
    fr="Le jury ne peut décider avant l'entrée.",
    en="The jury cannot decide before the entry.",
)
TOO_MANY_CHANGES = Rule(
    "too_many_changes",
    fr="L'opposition de cette personne touche trop d'inscriptions pour cet appel : renvoyer la ligne.",
    en="This learner's opposition touches too many enrolments for this call: send the line again.",
)
BAD_MONTH = Rule("bad_month", fr="Mois attendu : AAAA-MM.", en="Expected month: YYYY-MM.")
