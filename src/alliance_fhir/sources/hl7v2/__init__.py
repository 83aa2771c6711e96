"""HL7 v2 scheduling messages (SIU^S12 to S26): what each says of an appointment.

The positions of fields and the meaning of events and tables are those of the standard's chapter 10,
of types and separators those of chapter 2 (v2.5.1; v2.3 to v2.8 have them in the same places).
"""
