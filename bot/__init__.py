"""How people meet us: talking, seeing, scheduling."""
