"""Mandates: organisations for which a client acts, as every service keeps them and goes by them."""
