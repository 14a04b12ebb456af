"""Judges what runs elsewhere: images, compose, proxy and realm; `python -m deploy.check`."""
