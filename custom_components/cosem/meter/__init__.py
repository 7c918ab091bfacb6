"""One meter: its identity, objects, credentials, counters and stores."""
