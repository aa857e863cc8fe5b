"""The selections of the program, one file each. Their names are in `autodisco.decide.selection.SELECTIONS`."""
