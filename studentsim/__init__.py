"""studentsim: what would happen if this class practised differently?"""

__version__ = "0.1.0"
