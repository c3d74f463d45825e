"""The service file and the mapping files that it names, to settings, and all that is wrong with any of them."""
