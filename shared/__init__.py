"""What the services have in common: words (`kernel`), what they say (`events`) and pipes (`platform`)."""
