"""The transfer matrix: what practising one category alone does for each category (transfer of learning).

    python -m studentsim transfer --student balanced --turns 12 --exam-size 600

matrix.py  the gains, their intervals and their JSON; imported by pages
study.py   simulates the runs, one for each category, and caches their results
"""
