# SPDX-License-Identifier: GPL-2.0-only
# The words of the interface, from the lists that the module and the command are built from.

# Prints the words of a list of src/words.h, one a line; or only those whose next argument is as given.
words_of() { # <OPTION, FIELD, CLASS, OPERATION, KIND or MESSAGE, as in the list> [pattern]
	sed -nE "s/^[[:space:]]*$1\\([A-Z_0-9]*, \"([a-z_0-9]*)\"${2:+, ($2)[,)]}.*/\\1/p" "${TOP:-$top}/src/words.h"
}
