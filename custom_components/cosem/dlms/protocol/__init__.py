"""The protocol without sockets and clocks: octets in, events out."""
