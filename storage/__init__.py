"""Where things are kept: SQLAlchemy Core on SQLite or PostgreSQL, one adapter file a port."""
