"""The text of the metadata repository: documents, changelog and pages for people, all of it pure."""
