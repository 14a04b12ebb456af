"""What the services say to one another: the envelope and one file per speaker."""
