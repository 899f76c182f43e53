"""What things are called and how figures are written, in plain words: strategies, categories, misconceptions, settings, numbers. No streamlit."""
