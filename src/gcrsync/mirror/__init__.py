"""The rules of mirroring: pure functions of values, without any input or output."""
