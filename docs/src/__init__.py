"""The generated pages of docs/ as code: `python -m docs.src` writes them again. Nothing here is needed at run time."""
