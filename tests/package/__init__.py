"""The package of definitions, held against what the software does."""
