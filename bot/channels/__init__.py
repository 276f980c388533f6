"""Channels translate between a messenger and `Incoming` / `Reply`; they decide nothing."""

PULLED = frozenset({"webchat", "terminal"})  # the person's side fetches its words itself
