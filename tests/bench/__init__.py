"""What the platform costs in time beside what the engine costs anyway (`make bench`): figures, no verdict."""
