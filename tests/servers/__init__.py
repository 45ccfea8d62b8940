"""Real servers on the loopback address, for tests and benchmarks: `openai_server`, `tavily_server`."""
