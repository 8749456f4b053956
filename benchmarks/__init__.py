"""Real and generated namespaces, and the commands that measure gcrsync on them."""
