"""The exchange as a small model: every interleaving of log, relay, lossy broker and listeners is tried."""
