"""Whole conversations that other implementations had with each other, played with each of our two sides."""
