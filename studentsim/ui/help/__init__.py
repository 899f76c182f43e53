"""The Help page.

texts.py        texts: limitations, keyboard shortcuts, how to read and cite
parts.py        the page's sections: a term, the glossary, shortcuts, the data folder
grader.py       how good the trained grader is
transfer.py     what practice of one category does for the others, from bundled matrices
data_folder.py  the data folder's size
"""
