"""What is wrong with a file, or with one of its lines before any model reads it."""

from shared.kernel.errors import Rule

IMPORT_RUNNING = Rule(
    "import_running",
    fr="Un import de ce type est déjà en cours pour ce client.",
    en="An import of this kind is already running for this client.",
)
UNSUPPORTED_FILE = Rule(
    "unsupported_file",
    fr="Type attendu : application/x-ndjson ou text/csv.",
    en="Expected type: application/x-ndjson or text/csv.",
)
EMPTY_FILE = Rule("empty_file", fr="Le fichier n'a aucune ligne.", en="The file has no line.")
TOO_MANY_LINES = Rule("too_many_lines", fr="Le fichier a trop de lignes.", en="The file has too many lines.")
UPLOAD_CUT = Rule(
    "upload_cut",
    fr="L'envoi du fichier s'est interrompu avant la fin.",
    en="The upload stopped before its end.",
)
FILE_LOST = Rule(
    "file_lost",
    fr="Le fichier déposé ne peut plus être lu.",
    en="The file that was received cannot be read any more.",
)
LINE_TOO_LONG = Rule("line_too_long", fr="Ligne trop longue.", en="The line is too long.")
UNKNOWN_ENCODING = Rule(
    "unknown_encoding",
    fr="Encodage de texte non reconnu.",
    en="The encoding of the text is not recognised.",
)
UNBALANCED_QUOTES = Rule(
    "unbalanced_quotes",
    fr="Un guillemet ouvert n'est pas refermé.",
    en="A quote that was opened is not closed.",
)
MISSING_COLUMN = Rule("missing_column", fr="Colonne obligatoire absente.", en="A required column is missing.")
DUPLICATE_COLUMN = Rule("duplicate_column", fr="Colonne en double.", en="A column stands twice.")
UNKNOWN_COLUMN = Rule("unknown_column", fr="Colonne inconnue.", en="Unknown column.")
WRONG_NUMBER_OF_CELLS = Rule(
    "wrong_number_of_cells",
    fr="La ligne n'a pas autant de cellules que l'en-tête.",
    en="The line has not as many cells as the header.",
)
MANDATE_ENDED = Rule(
    "mandate_ended",
    fr="Le mandat de l'expéditeur a pris fin avant que le fichier soit traité.",
    en="The sender's mandate ended before the file was worked off.",
)
MALFORMED_LINE = Rule("malformed_line", fr="Ligne de tableau illisible.", en="Unreadable line of a table.")
