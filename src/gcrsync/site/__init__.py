"""A static site of what is on record: records in, files out."""
