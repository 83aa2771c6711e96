"""Where resources go: a FHIR server, or a folder. One protocol, one suite of tests."""
