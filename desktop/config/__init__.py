"""The settings file, secrets in the keyring, and what whoever packed or administers has decided."""
