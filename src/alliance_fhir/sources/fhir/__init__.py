"""Appointments that are FHIR already, in NDJSON, a Bundle, or by themselves, whoever wrote them.

R4, R4B and R5 are read alike: where they differ, an element is looked for in each of its forms.
"""
