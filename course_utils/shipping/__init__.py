"""Ship a model and watch it: its version, gates before it, the service, a canary, and alarms for what changes."""
