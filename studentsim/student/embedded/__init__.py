"""The embedded student: a small Llama made for the curriculum, whose weights ship with the product."""
