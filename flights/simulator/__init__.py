"""A simulated quadcopter that speaks MAVLink 2 as an ArduCopter 4.5 would; run it with `python -m flights.simulator`."""
