"""Namespaces of images as values, and a registry on loopback that serves them."""
