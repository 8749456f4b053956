"""gcrsync mirrors whole namespaces of container images, with every digest unchanged."""
