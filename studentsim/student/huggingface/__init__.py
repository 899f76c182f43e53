"""Language models in Hugging Face formats as students: catalogue, download, conversion, loading, chat, scoring, generation, and a
packed decoder for CPUs. ``catalogue``, ``download``, ``installation``, ``model_store``, ``resolve``, ``memory`` and ``hardware`` do
not import torch."""
