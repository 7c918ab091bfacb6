"""The matrix of faults: every row x every service x every security x every transport, drawn by chance from a seed."""
