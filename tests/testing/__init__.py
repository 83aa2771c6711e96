"""The test servers themselves, seen through a plain HTTP client."""
