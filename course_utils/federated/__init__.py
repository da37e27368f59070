"""Learning together without sharing data: federated averaging, masks that cancel, and what an update gives away."""
