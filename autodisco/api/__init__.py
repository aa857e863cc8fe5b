"""What the command line does, as functions and objects of Python; `autodisco` offers their names (docs/python.md).

Commands parse options, call what is here, and print. Modules here do neither.
"""
