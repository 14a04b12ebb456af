"""A text in both languages."""

from shared.platform.edge.fields import View


class Words(View):
    """A text in both languages."""

    fr: str
    en: str
