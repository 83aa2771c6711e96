"""The words of FHIR live here, and nowhere else."""
