"""What is said of a refused row, whichever server refused it."""

ALIKE = (
    "A row with this value is there already, under a key that the target's collation may hold equal (case, accents, blanks at the end): "
    "give the key column a collation that tells them apart, or one of the rows another key."
)
"""For a unique value that is taken, where the source tells keys apart that the target holds equal."""
