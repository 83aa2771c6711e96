"""The FHIR package: listed, as a file, and on servers."""
