"""Evidence that people send: inspected by content, stripped, sealed. Nothing is believed of it."""
