"""Options of commands that are settings of a run: one for each setting, named and described by its field in ``config`` and ``settings``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from pydantic.fields import FieldInfo

from studentsim.config import RunConfig
from studentsim.labels.formatting import capitalize_first
from studentsim.settings import GROUP_BY_SETTING, SETTING_GROUPS

WITHOUT_OPTION = ("student_table", *SETTING_GROUPS)
"""Fields of ``RunConfig`` that no option sets: a table is given as ``--student FILE``."""
RUN_SETTINGS: tuple[str, ...] = (
    *(name for name in RunConfig.model_fields if name not in WITHOUT_OPTION),
    *GROUP_BY_SETTING,
)
"""All settings that have an option, those of nested groups too."""


def takes_settings(
    names: tuple[str, ...] = RUN_SETTINGS, **defaults: Any
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command an option for each of these settings; they arrive as its argument ``settings``, None where not given.

    ``defaults``: values of settings that this command does not leave to the run's own defaults.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own_parameters = inspect.signature(command, eval_str=True).parameters.values()
        parameters = [_build_parameter(name, defaults.get(name)) for name in names]
        parameters += [parameter for parameter in own_parameters if parameter.name != "settings"]

        @functools.wraps(command)
        def wrapped(**values: Any) -> None:
            command(settings={name: values.pop(name) for name in names}, **values)

        ordered = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
        wrapped.__signature__ = inspect.Signature(ordered)  # type: ignore[attr-defined]
        wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in ordered}
        return wrapped

    return decorate


def nest_settings(values: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """``base``, a dumped ``RunConfig``, with the settings given by name, each put into its group.

    >>> nest_settings({"turns": 3, "epochs": 2}, {"seed": 1, "dpo": {"beta": 0.1}})
    {'seed': 1, 'dpo': {'beta': 0.1, 'epochs': 2}, 'turns': 3}
    """
    nested = {key: dict(value) if key in SETTING_GROUPS else value for key, value in base.items()}
    for name, value in values.items():
        group = GROUP_BY_SETTING.get(name)
        (nested[group] if group else nested)[name] = value
    return nested


def _build_parameter(name: str, default: Any) -> inspect.Parameter:
    group = GROUP_BY_SETTING.get(name)
    field = (SETTING_GROUPS[group] if group else RunConfig).model_fields[name]
    option = typer.Option(help=_describe(field))
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[_option_type(field.annotation) | None, option],
    )


def _describe(field: FieldInfo) -> str:
    """``How it is compared. What it means. One of: base, last-turn.``"""
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    sentences = [
        f"{capitalize_first(str(field.title))}.",
        field.description,
        choices and f"One of: {', '.join(choices)}.",
    ]
    return " ".join(filter(None, sentences))


def _option_type(annotation: Any) -> type:
    """``int``, ``float``, ``bool`` or ``str``: what a setting's option is typed as. Lists and mixes are written as text."""
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(part for part in get_args(annotation) if part is not NoneType)
    return annotation if annotation in (int, float, bool) and get_origin(annotation) is not Literal else str
