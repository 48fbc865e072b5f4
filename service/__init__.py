"""The service around the solver: HTTP, command line and storage, cut by feature."""
