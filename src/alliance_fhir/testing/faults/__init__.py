"""What can go wrong at a FHIR server."""
