"""Running simulations: run folders, the worker process, and the manager that starts, watches and stops workers."""
