"""Backups of a data folder, made while runs go on, and restored into a new folder.

    python -m studentsim backup --to FILE.zip
    python -m studentsim restore FILE.zip --data NEWDIR

manifest.py    what a backup holds, and how much at most
snapshot.py    the files of a run, opened so that they agree with one another
containers.py  a backup as a zip file or as a folder
write.py       makes a backup
restore.py     checks one and unpacks it
"""
