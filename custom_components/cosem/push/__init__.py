"""What meters send by themselves: who listens where, whose it is, what it means, and what becomes of it."""
