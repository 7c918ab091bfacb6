"""The simulated meter and our client against independent implementations, over loopback sockets."""
