"""Long runs against whole systems: `make test-faults`, `test-hostile`, `test-transfer` and `endurance`."""
