"""The instruments that are shipped, and those that a site adds."""
