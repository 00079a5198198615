"""The configuration: native TOML or a CGRateS directory in, one checked tree out.

`load` reads, `Tree` holds, `explain` and `show` tell, `render` writes a section as the reference's GetConfig does, `ConfigService`
answers `ConfigSv1`. A section is declared by a JSON Schema (`Schemas`); a plugin brings its own as `config.schema.json`.
"""

from cgrd.config.explain import Explanation, explain
from cgrd.config.load import defaults, load, merge_section, overlaid
from cgrd.config.render import render
from cgrd.config.schema import Schemas
from cgrd.config.service import ConfigService
from cgrd.config.show import as_json, as_toml
from cgrd.config.tree import Tree
from cgrd.config.units import as_bytes, as_duration
from cgrd.errors import ConfigurationError

__all__ = [
    "ConfigService",
    "ConfigurationError",
    "Explanation",
    "Schemas",
    "Tree",
    "as_bytes",
    "as_duration",
    "as_json",
    "as_toml",
    "defaults",
    "explain",
    "load",
    "merge_section",
    "overlaid",
    "render",
]
