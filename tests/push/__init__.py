"""Tests of what meters send by themselves."""
