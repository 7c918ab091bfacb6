"""What the actions do: each asks or changes one meter, in turn with its polls."""
