"""Values for Variables and Connections from the project's files."""

from __future__ import annotations

from pathlib import Path

from dagprof.project import sources
from dagprof.project.files import astro, env_file
from dagprof.project.reading import Repository
from dagprof.project.sources import Sources
from dagprof.project.usage import Usages, counted, listed
from dagprof.project.values import Unreadable


def project_answers(found: Sources, usages: Usages) -> astro.ProjectAnswers:
    """The values from the files of the local secrets backend. Values in Astro's
    ``airflow_settings.yaml`` win over them.
    """
    backend = _of_backend(found, usages)
    settings = _of_astro(found.repository, usages)
    return astro.ProjectAnswers(
        {**backend.variables, **settings.variables}, {**backend.connections, **settings.connections}
    )


def _of_backend(found: Sources, usages: Usages) -> astro.ProjectAnswers:
    answers = astro.ProjectAnswers({}, {})
    for kind, inside in sources.local_backend_files(found.variables).items():
        path = found.mounts.outside(inside)
        text = None if path is None else _text(path, found.repository, usages)
        if path is None or text is None:
            continue
        if path.suffix == ".env":
            values: dict[str, object] = {
                each.name: each.value for each in env_file.parse(text, path, {})
            }
        else:
            values = astro.mapping(text)
        if not values:
            why = "dagprof finds no names with values in the file"
            usages.leave(found.repository.shown(path), "", why)
            continue
        usages.take(listed(list(values), kind.capitalize()), found.repository.shown(path))
        if kind == "variables":
            answers.variables.update({name: astro.text(value) for name, value in values.items()})
        else:
            answers.connections.update(values)
    return answers


def _of_astro(repository: Repository, usages: Usages) -> astro.ProjectAnswers:
    path = repository.root / "airflow_settings.yaml"
    text = _text(path, repository, usages)
    if text is None:
        return astro.ProjectAnswers({}, {})
    try:
        found = astro.parse(text)
    except Unreadable as error:
        usages.leave(path.name, "", str(error))
        return astro.ProjectAnswers({}, {})
    names = [f"AIRFLOW_VAR_{name.upper()}" for name in found.variables]
    names += [f"AIRFLOW_CONN_{name.upper()}" for name in found.connections]
    if names:
        usages.take(counted(names), path.name)
    return found


def _text(path: Path, repository: Repository, usages: Usages) -> str | None:
    try:
        return repository.text(path)
    except Unreadable as error:
        usages.leave(repository.shown(path), "", str(error))
        return None
