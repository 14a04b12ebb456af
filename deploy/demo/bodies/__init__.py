"""What the callers send, written from the fixture as the services' doors take it."""
