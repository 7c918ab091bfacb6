"""The parts of the command line; only ``__main__`` prints."""
