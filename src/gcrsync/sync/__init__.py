"""The run: survey, compare, copy, record, publish."""
