"""The demonstration: a simulated meter and a real Home Assistant that reads it, on this machine only (`scripts/demo`).

* `processes`       children and ports
* `hass_launcher`   starts Home Assistant without what needs system libraries a bare machine lacks
* `configuration`   the configuration folder of the demo
* `client`          Home Assistant's REST and websocket interfaces, and the first user
* `flow`            walks the integration's config flow as a person would
* `energy`          the Energy dashboard
* `states`          are the entities' states plausible; the table
* `pictures`        photographs of the user interface
"""
