"""`python -m pages`, with docs/ on the path: writes all of them."""

from pages import write

write()
