"""Keycloak as the issuer of tokens: its realm, written from the scopes and clients of the project."""
