"""What labelling hears: nobody yet."""

from shared.platform.intake import Subscription

SUBSCRIPTIONS: tuple[Subscription, ...] = ()
