"""The files of a project that say something about its environment, one module for each kind."""
