"""What a run's teacher did, for whatever page tells of it. No streamlit here.

names.py      the teacher's settings in plain words
tries.py      marks, second tries and doubts as frames, with intervals
sentences.py  what is said of them
judgement.py  what the teacher made of one answer, beside the key
check.py      how good the shipped marker is, as its check found
"""
