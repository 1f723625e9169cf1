"""The shared package: settings, errors, database, publishing, simulation, the local stack, the command line."""
