"""Mediation itself: cases, people, sessions, follow-ups and the rules between them. No I/O."""
