"""All checks by the names under which the tests and known_today.py speak of them."""

from collections.abc import Mapping
from functools import partial

from . import annotations, behind, catching, deciding, layers, mirrored, once, reach, sizes
from .source import ModuleCheck, TreeCheck

OF_MODULES: Mapping[str, ModuleCheck] = {
    "stack layers": layers.stack_layers,
    "known imports": layers.known_imports,
    "front door": layers.front_door,
    "integration arrows": layers.integration_arrows,
    "permitted imports": reach.permitted_imports,
    "behind modules": behind.behind_modules,
    "no module as value": behind.no_module_as_value,
    "no evaluation": reach.no_evaluation,
    "system calls": reach.system_calls,
    "no clock and no chance": reach.no_clock_and_no_chance,
    "plain attributes": reach.plain_attributes,
    "no print": reach.no_print,
    "errors decided in one place": deciding.errors_decided_in_one_place,
    "nothing swallowed": catching.nothing_swallowed,
    "no Any": annotations.no_any,
    "file size": sizes.file_size,
    "class size": sizes.class_size,
    "function size": sizes.function_size,
    "parameters": sizes.parameters,
    "module docstring": sizes.module_docstring,
    "standard terms": sizes.standard_terms,
    "reasons for exemptions": sizes.reasons_for_exemptions,
}
"""Applied to each module."""

OF_TREES: Mapping[str, TreeCheck] = {
    "no cycles": layers.no_cycles,
    "public classes once": once.public_classes_once,
    "public functions once": once.public_functions_once,
    "most functions": sizes.most_functions,
    "hot loops": sizes.hot_loops,
    "mirrored": partial(mirrored.mirrored, tests=mirrored.files_of_tests()),
}
"""Applied to all modules together."""
