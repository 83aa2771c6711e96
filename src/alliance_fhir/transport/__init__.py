"""JSON in, JSON out: requests to a server, with patience, and without a word of what is in them."""
