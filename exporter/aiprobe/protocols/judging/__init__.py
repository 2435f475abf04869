"""What an error or a finish reason of any dialect means: facts of a body, tables of meanings, and the decision."""
