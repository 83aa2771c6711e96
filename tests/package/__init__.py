"""The package of definitions: held against what the software does, listed, as a file, on servers."""
