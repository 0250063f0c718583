"""How kernels run: compiling, threads, the queue of cells. Knows no geometry and no field of application."""
