"""Language models in the formats of Hugging Face, as students: catalogue, download, conversion, loading, chat, scoring, writing, and a fast
decoder for processors. ``resolve``, ``memory``, ``hardware`` and what gets models know no torch."""
