"""The four services: islands that import only `shared` and hear one another through events."""
