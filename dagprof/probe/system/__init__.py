"""The probe's access to the operating system and the interpreter, whatever DAG code did to both."""
