"""The Streamlit interface. The scripts in pages/ are thin; everything they render is here.

layout.py            the frame of every page, and how errors are shown
data.py              the app's database and run manager; the list of runs
cards.py             a run in a list, as plain data
components.py        page elements that recur
literal.py           texts, headings and links that show plain text literally
filtered_list.py     a list filtered by its link, with an open card: Answers and Questions
charts/              DataFrame -> plotly Figure, without streamlit
background.py        child processes for slow work
url_state.py, url_sync.py, subject.py   what a page shows, as its link
one folder a page (home/, new/, watch/ …), with its elements, data and sentences
"""
