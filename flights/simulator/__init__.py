"""A simulated quadcopter that speaks MAVLink 2 as ArduCopter 4.5 does; run it with `python -m flights.simulator`."""
