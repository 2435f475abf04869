"""Reads one small YAML file strictly: no key twice, and no line of it in an error.

Imported only where there is a file to read: most exporters serve without a web config file, and without PyYAML.
"""

from collections.abc import Hashable
from pathlib import Path
from typing import Any, Final

import yaml

from aiprobe.web.yamlfile import WebError

MAX_BYTES: Final = 1 << 20


class _StrictLoader(yaml.SafeLoader):
    """SafeLoader that does not let a key be given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable):
                if key in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"{key!r} is given twice", key_node.start_mark)
                seen.add(key)
        return super().construct_mapping(node, deep)


def parse(path: Path) -> dict[Any, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise WebError(f"{path}: cannot read it: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise WebError(f"{path}: larger than {MAX_BYTES} bytes")
    try:
        document = yaml.load(content, Loader=_StrictLoader)  # noqa: S506 - it is a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # PyYAML quotes the offending line, which may hold a hash: the message has only the place and the problem.
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark is not None else ""
        raise WebError(f"{path}{where}: not valid YAML: {getattr(error, 'problem', None) or 'malformed'}") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise WebError(f"{path}: should be a mapping")
    return document
