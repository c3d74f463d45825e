"""The words of the house: values, errors, nothing that does anything."""
