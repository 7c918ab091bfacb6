"""What the command line is made of; ``__main__`` puts it together and is the only one that prints."""
