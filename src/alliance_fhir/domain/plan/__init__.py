"""A plan that patient and clinician wrote together: what its document says, and what it must hold.

Pure: no files, no words of FHIR. How documents are read is in `alliance_fhir.sources.plans`.
"""
