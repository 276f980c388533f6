"""The dialogue manager: pure, no I/O. A state and an event make a new state and effects."""
