"""A service's pipelines and their mappings to those that follow from `direction: both` in the opposite pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cdc.app.service.mapping_files import MappingFiles
from cdc.app.service.service_file import PipelineFile
from cdc.mapping.files.problem import Problem
from cdc.mapping.spec.mapping import Direction, MappingSpec


def turn_round(
    pipelines: Mapping[str, PipelineFile], specs: Mapping[str, Sequence[MappingSpec]], files: MappingFiles
) -> tuple[Mapping[str, Sequence[MappingSpec]], list[Problem]]:
    """Return each pipeline's mappings, those that follow from the opposite one's behind its own; and why some have nowhere to go."""
    whole = {name: list(given) for name, given in specs.items()}
    problems: list[Problem] = []
    for name, pipeline in pipelines.items():
        both = [spec for spec in specs[name] if spec.direction is Direction.BOTH]
        ends = pipeline.target, pipeline.source
        back = [other for other, given in pipelines.items() if (given.source, given.target) == ends]
        if len(back) == 1:
            known = {spec.document.file for spec in specs[back[0]]}
            problems += (_read_twice(spec, sorted((name, back[0]))) for spec in both if spec.document.file in known)
            whole[back[0]] += filter(None, (files.reverse(spec) for spec in both if spec.document.file not in known))
        else:
            problems += _nowhere(both, ends, back)
    return whole, problems


def _read_twice(spec: MappingSpec, readers: Sequence[str]) -> Problem:
    message = f"the pipelines {' and '.join(map(repr, readers))} both read this file, and what follows from it would be there twice"
    return spec.document.at(("direction",)).problem(
        "both-read-it", message, "remove `mappings` of one of them, or name another folder there"
    )


def _nowhere(both: Sequence[MappingSpec], ends: tuple[str, str], back: Sequence[str]) -> Iterator[Problem]:
    source, target = ends
    for spec in both:
        place = spec.document.at(("direction",))
        if back:
            message = f"{len(back)} pipelines lead from {source} to {target}: {' and '.join(back)}"
            yield place.problem("two-ways-back", message, "keep one of them, or write mappings for each direction")
        else:
            advice = f"write `{source}_to_{target}: {{source: {source}, target: {target}}}` under `pipelines`"
            yield place.problem("no-way-back", f"no pipeline leads from {source} to {target}", advice)
