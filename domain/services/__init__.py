"""One file a capability. Functions work inside a unit of work; their caller commits."""
