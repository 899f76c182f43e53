"""A file for each published question set: how its rows are recognised and parsed, as the constant ``DATASET`` (several: ``DATASETS``)."""
