"""The wire: credentials, tokens, retries and the client of the distribution API."""
