"""From a name or a folder to the files on this machine."""
