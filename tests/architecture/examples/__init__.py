"""Ways around each rule, and code that only looks like one: check, name of the module, source."""
