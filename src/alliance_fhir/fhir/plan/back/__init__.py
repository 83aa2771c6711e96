"""FHIR back to shared plans; `alliance_fhir.fhir.plan.reading` is the front."""
