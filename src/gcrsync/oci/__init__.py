"""The nouns of the OCI specifications, as frozen values that validate themselves."""
