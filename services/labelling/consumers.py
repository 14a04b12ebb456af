"""What labelling hears: nobody yet."""

from shared.platform.exchange.applying import Subscription

SUBSCRIPTIONS: tuple[Subscription, ...] = ()
