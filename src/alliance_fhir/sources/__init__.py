"""Files to records, a row at a time: what is right goes on, what is wrong is named."""
