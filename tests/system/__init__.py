"""Long runs against whole systems: `make test-faults`, `make test-hostile` and `make endurance`."""
