"""The only place that knows gRPC: the channel to the engine, the messages, the calls, the statuses."""
