"""What starts the services: images, manifests, Postgres and NATS set-up, and the embedded stack."""
