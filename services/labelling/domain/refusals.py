"""Every refusal of labelling: its code and what a person reads."""

from shared.kernel.errors import Rule

ORGANISATION_UNKNOWN = Rule(
    "organisation_unknown",
    fr="L'organisme n'est pas déclaré : déclarez-le d'abord.",
    en="The organisation is not declared: declare it first.",
)
FOREIGN_SIRET = Rule(
    "siret_of_another_organisation",
    fr="Le SIRET d'un site commence par le SIREN de son organisme.",
    en="A site's SIRET begins with the SIREN of its organisation.",
)
UNKNOWN_DEPARTEMENT = Rule(
    "unknown_departement",
    fr="Ce code ne désigne aucun département connu.",
    en="This code belongs to no known département.",
)
PERIOD_REVERSED = Rule(
    "period_reversed",
    fr="La fin d'une période ne précède pas son début.",
    en="A period does not end before it begins.",
)
MANDATE_FIXED = Rule(
    "mandate_fixed",
    fr="Un mandat ne change ni de client ni de premier jour : donnez-en un autre.",
    en="A mandate changes neither its client nor its first day: give another one.",
)
MANDATE_REVOKED = Rule(
    "mandate_revoked", fr="Ce mandat est déjà révoqué.", en="This mandate is already revoked."
)
CALL_UNKNOWN = Rule("call_unknown", fr="Cet appel n'existe pas.", en="There is no such call.")
CRITERIA_SET_UNKNOWN = Rule(
    "criteria_set_unknown",
    fr="Cette grille de critères n'existe pas dans cette version.",
    en="There is no such criteria set in that version.",
)
INTAKE_REPEATED = Rule(
    "intake_repeated",
    fr="Chaque relevé d'un appel a sa propre référence.",
    en="Each intake of a call has its own reference.",
)
INTAKE_BEFORE_CALL = Rule(
    "intake_before_call",
    fr="Un relevé n'ouvre pas avant son appel.",
    en="An intake does not open before its call.",
)
INTAKE_UNKNOWN = Rule(
    "intake_unknown", fr="L'appel n'a pas de relevé de ce nom.", en="The call has no intake of that name."
)
OUTSIDE_INTAKE = Rule(
    "outside_intake",
    fr="Un dossier se dépose entre l'ouverture et la clôture du relevé.",
    en="An application is submitted between the opening and the closing of the intake.",
)
SITE_UNKNOWN = Rule(
    "site_unknown",
    fr="Ce site n'est pas déclaré par l'organisme : déclarez-le d'abord.",
    en="The organisation has not declared this site: declare it first.",
)
SITE_REQUIRED = Rule(
    "site_required",
    fr="Une formation se donne sur un site, sauf si elle est entièrement à distance.",
    en="A training is given at a site, unless it is online only.",
)
SITE_NOT_EXPECTED = Rule(
    "online_only_has_no_site",
    fr="Une formation entièrement à distance n'a pas de site.",
    en="An online-only training has no site.",
)
ONLINE_ONLY_HOURS = Rule(
    "online_only_has_no_inperson_hours",
    fr="Une formation entièrement à distance n'a pas d'heures en présence.",
    en="An online-only training has no hours in person.",
)
NO_HOURS = Rule(
    "hours_required",
    fr="Une formation compte au moins une heure, en présence ou à distance.",
    en="A training has at least one hour, in person or online.",
)
CERTIFICATION_EMPTY = Rule(
    "no_certification_no_entry",
    fr="Sans certification, ni fiche de répertoire ni niveau.",
    en="Without a certification there is neither a register entry nor a level.",
)
CONTENT_FROZEN = Rule(
    "content_frozen",
    fr="Un dossier déposé ne change plus : il peut être retiré, et un autre déposé.",
    en="A submitted application no longer changes: it can be withdrawn, and another one submitted.",
)
SUBMISSION_DIFFERS = Rule(
    "submission_differs",
    fr="Ce dossier est déjà déposé, à une autre date ou pour un autre relevé.",
    en="This application is already submitted, on another date or for another intake.",
)
WRONG_STATE = Rule(
    "wrong_state",
    fr="L'état du dossier ne permet pas cet acte.",
    en="The state of the application does not allow this act.",
)
WITHDRAWAL_DIFFERS = Rule(
    "withdrawal_differs",
    fr="Ce dossier est déjà retiré, à une autre date.",
    en="This application is already withdrawn, on another date.",
)
BEFORE_SUBMISSION = Rule(
    "before_submission",
    fr="Cet acte ne précède pas le dépôt du dossier.",
    en="This act does not precede the submission of the application.",
)
APPLICATION_UNKNOWN = Rule(
    "application_unknown",
    fr="Cet organisme n'a pas de dossier de ce nom.",
    en="This holder has no such application.",
)
DECISION_DIFFERS = Rule(
    "decision_differs",
    fr="Une décision de cette référence existe, d'un autre contenu ; une décision ne se réécrit pas.",
    en="A decision of this reference exists with another content; a decision is not rewritten.",
)
REASONS_REQUIRED = Rule(
    "reasons_required", fr="Un refus donne au moins un motif.", en="A refusal gives at least one reason."
)
CLOSED_TO_NEW_LABELS = Rule(
    "closed_to_new_labels",
    fr="L'appel n'accorde plus de label à cette date.",
    en="The call grants no new label at that date.",
)
CHANGE_DIFFERS = Rule(
    "label_change_differs",
    fr="Un acte de cette référence existe sur ce label, d'un autre contenu.",
    en="An act of this reference exists on this label, with another content.",
)
CHANGE_OUTSIDE_VALIDITY = Rule(
    "outside_validity",
    fr="L'acte prend effet pendant la validité du label.",
    en="The act takes effect within the validity of the label.",
)
CHANGE_OUT_OF_ORDER = Rule(
    "change_out_of_order",
    fr="L'acte prend effet après le précédent.",
    en="The act takes effect after the one before it.",
)
LABEL_REVOKED = Rule("label_revoked", fr="Ce label est retiré.", en="This label is revoked.")
ALREADY_SUSPENDED = Rule(
    "already_suspended", fr="Ce label est déjà suspendu.", en="This label is already suspended."
)
NOT_SUSPENDED = Rule("not_suspended", fr="Ce label n'est pas suspendu.", en="This label is not suspended.")
TRAINING_UNKNOWN = Rule(
    "training_unknown",
    fr="Aucune formation labellisée ne porte cette référence chez cet organisme.",
    en="This holder has no labelled training of that reference.",
)
MEMBERSHIPS_OVERLAP = Rule(
    "memberships_overlap",
    fr="Une formation n'appartient pas deux fois au même réseau à la même date.",
    en="A training does not belong twice to the same network at the same date.",
)
BRIDGE_TO_ITSELF = Rule(
    "bridge_to_itself",
    fr="Une passerelle mène à une autre formation.",
    en="A bridge leads to another training.",
)
BRIDGE_FIXED = Rule(
    "bridge_fixed",
    fr="Les deux formations, la nature et le territoire d'une passerelle ne changent plus.",
    en="The two trainings, the kind and the territory of a bridge no longer change.",
)
