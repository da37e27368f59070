"""The machinery that sets up, runs and publishes the course; no lesson imports it."""
