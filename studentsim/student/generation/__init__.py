"""Writing token by token with models of transformers: prefill, cache, sampling. Both kinds of student use it."""
