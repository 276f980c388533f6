"""The console: server-rendered pages for mediators and administrators, without scripts."""
