"""The grader: an encoder-decoder that reads an answer beside the correct option and says Correct or Wrong (P0); its data, training and evaluation."""
