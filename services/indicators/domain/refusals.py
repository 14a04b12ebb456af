"""Why a question about a figure is refused."""

from shared.kernel.errors import Rule

NO_RELEASE = Rule(
    "no_release",
    fr="Aucune version publiée de cet indicateur.",
    en="No release of this indicator has been published.",
)
BAD_PERIOD = Rule(
    "bad_period",
    fr="Période attendue : une année, un mois, un trimestre ou un intervalle de dates.",
    en="Expected period: a year, a month, a quarter, or a range of dates.",
)
PERIOD_REQUIRED = Rule(
    "period_required",
    fr="Cet indicateur est un flux : la période est obligatoire.",
    en="This indicator is a flow: the period is required.",
)
PERIOD_NOT_APPLICABLE = Rule(
    "period_not_applicable",
    fr="Cet indicateur est un état à une date (as_of) : il ne prend pas de période.",
    en="This indicator is a state at a date (as_of): it takes no period.",
)
PERIOD_AFTER_AS_OF = Rule(
    "period_after_as_of",
    fr="La période commence après la date de l'état (as_of).",
    en="The period starts after the date of the state (as_of).",
)
FILTER_NOT_AVAILABLE = Rule(
    "filter_not_available",
    fr="Cet indicateur ne se ventile pas selon ce filtre.",
    en="This indicator cannot be narrowed by this filter.",
)
FILTERS_EXCLUDE_EACH_OTHER = Rule(
    "filters_exclude_each_other",
    fr="Une formation a déjà sa région : donner l'une ou l'autre.",
    en="A training already has its region: give one or the other.",
)
UNKNOWN_REGION = Rule(
    "unknown_region",
    fr="Région inconnue : code officiel, none (sans site) ou unknown (formation non encore décrite).",
    en="Unknown region: official code, none (no site) or unknown (training not described yet).",
)
BAD_FLAG = Rule(
    "bad_flag",
    fr="Public attendu : un public et une réponse, par exemple qpv:yes.",
    en="Expected audience: an audience and an answer, for example qpv:yes.",
)
BEFORE_ALL = Rule(
    "before_all",
    fr="Cet instant précède tout ce qui a pu être su.",
    en="This instant precedes all that could be known.",
)
