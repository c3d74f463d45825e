"""Other change-data-capture programs beside the daemon: the same servers, the same load, the same run. None of them is a part of it."""
