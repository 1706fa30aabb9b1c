"""The command line `zoo`, one file a command."""
