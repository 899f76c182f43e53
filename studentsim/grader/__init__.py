"""The grader (P0): an encoder-decoder that reads an answer and the correct option and says Correct or Wrong.

Here are the model, its data, its training and fine-tuning, and its evaluation.
"""
