"""The metadata repository on disk: files replaced atomically, and git."""
