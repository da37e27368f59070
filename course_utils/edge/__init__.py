"""Models for small devices: fewer bits, fewer weights, a small student, energy, and learning from a stream."""
