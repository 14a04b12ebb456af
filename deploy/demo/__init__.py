"""The demonstration: 2016 replayed through the public APIs, published figures beside computed ones."""
