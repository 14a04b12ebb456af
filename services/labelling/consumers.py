"""What labelling hears: nobody yet."""

from shared.platform.applying import Subscription

SUBSCRIPTIONS: tuple[Subscription, ...] = ()
