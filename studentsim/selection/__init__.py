"""The strategies: which questions to practise next. A file each in ``strategies/``; ``registry`` finds them."""
