"""Language models in the formats of Hugging Face, as students: catalogue, download, conversion, and a fast decoder for processors."""
