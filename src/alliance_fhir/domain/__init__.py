"""The clinical domain: pure, without input, output or words of FHIR."""
