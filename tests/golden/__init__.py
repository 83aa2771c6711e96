"""The example clinic: what comes out of it, held against an oracle that knows nothing of src."""
