"""One meter as Home Assistant keeps it: who it is, its objects, credentials, counters and stores."""
