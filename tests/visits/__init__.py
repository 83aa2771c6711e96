"""Tables of visits: what is read of them, and what is said of rows that break a rule."""
