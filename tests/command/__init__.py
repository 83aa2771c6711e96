"""The command, through its front door: what goes in, and all that comes out."""
