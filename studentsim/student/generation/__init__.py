"""Text generation with transformers' models: prefill, cache, sampling. Both kinds of student use it."""
