"""studentsim: what would happen if this class practised differently?"""

__version__ = "0.2.0.dev0"
