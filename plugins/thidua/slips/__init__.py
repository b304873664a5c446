"""Return slips: what goes back to an office whose file has faults, so that mending the marked cells is enough."""
