"""What a target keeps of a pipeline: its row, crosswalk and parked changes, as commands see and change them."""
