"""The package of definitions: held against what the software does, as a file, on servers."""
