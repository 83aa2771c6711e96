"""Listening for HL7 v2 scheduling messages: MLLP, acknowledgements, and sending on what came.

MLLP is HL7's "Minimal Lower Layer Protocol" (Transport Specification: MLLP, Release 1):
0x0B, the message, 0x1C 0x0D. Acknowledgements are those of the standard's chapter 2.
"""
