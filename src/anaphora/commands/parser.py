"""The parser of the command line: typer's classes, with late imports and suggestions for mistyped words.

Four things differ from typer. A group knows the modules of its commands by name and imports a module when its command
runs, so that help and usage errors import neither torch nor NumPy. The message about an unknown command or option names
the nearest known one. A word that begins with an em dash, which editors and chats write in place of two hyphens, is
reported and not taken for the name of a file. An option that is given twice is refused.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

from anaphora.arguments.synonyms import TASKS, elsewhere, name_meant, option_meant
from anaphora.errors import UsageError, closest

DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_CALLED = {"\u2013": "an en dash", "\u2014": "an em dash", "\u2212": "a minus sign"}
_UNSHOWN = re.compile(r", --(?:[\w-]+\.[\w-]+|folder\b)")
"""Names that help leaves out: the second name of a field, which the title explains, and the old name of `--run-dir`."""
_EXPECTED = [
    (re.compile(r"Input should be a valid number.*"), "expected a number"),
    (re.compile(r"Input should be a valid integer.*"), "expected a whole number"),
    (re.compile(r"Input should be greater than or equal to (.*)"), r"expected at least \1"),
]
"""Messages of pydantic, which typer passes on, and their replacements."""
_SETTINGS = {"max_content_width": 120}


class Command(TyperCommand):
    """A command with its options in sections, which recognises a pasted dash and an option that is given twice."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words.

        Raises UsageError for a word that begins with a typographic dash, and for an option that is given twice.
        """
        self._refuse_dashes(ctx, args)
        self._refuse_twice(ctx, args)
        return list(super().parse_args(ctx, args))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, then each section of options under its own title."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                panel = getattr(parameter, "rich_help_panel", None)
                plain = "Arguments" if parameter.param_type_name == "argument" else "Options"
                sections.setdefault(panel or plain, []).append((_UNSHOWN.sub("", record[0]), record[1]))
        for title in sorted(sections, key=lambda title: (title != "Arguments", title != "Options")):
            with formatter.section(title):
                formatter.write_dl(sections[title])

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return ``[OPTIONS]`` and the arguments' names."""
        arguments = [p for p in self.get_params(ctx) if p.param_type_name == "argument"]
        return ["[OPTIONS]", *(str(argument.metavar or argument.name.upper()) for argument in arguments)]

    def _refuse_twice(self, ctx: Any, args: list[str]) -> None:
        _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        for parameter in self.get_params(ctx):
            if parameter.param_type_name == "argument" or parameter.multiple or given.count(parameter) < 2:
                continue
            names = [*parameter.opts, *parameter.secondary_opts]
            typed = [name for word in args if (name := word.partition("=")[0]) in names] or names[:1]
            both = " and ".join(dict.fromkeys(typed))
            said = f"{both} set the same option" if " and " in both else f"{both} is given twice"
            raise UsageError(f"{said}: leave one of them out.\nTry: {ctx.command_path} --help")

    def _refuse_dashes(self, ctx: Any, args: list[str]) -> None:
        awaiting_value = False
        for word in args:
            if word == "--":
                return
            if not awaiting_value and word[:1] in DASHES and word[1:] and not os.path.exists(word):
                raise _pasted_dash(word, option_names(self.get_params(ctx)), f"{ctx.command_path} --help")
            awaiting_value = any(
                word in parameter.opts and not getattr(parameter, "is_flag", False)
                for parameter in self.get_params(ctx)
            )


class LateGroup(TyperGroup):
    """A group whose commands are named in a table and imported when one is called."""

    table: ClassVar[Mapping[str, tuple[str, str]]] = {}  # name -> (where, one line)
    find: ClassVar[Callable[[str], Any]]  # where -> the command
    usual: ClassVar[str] = ""  # the command if none is named; empty: a command must be named
    usual_takes_words: ClassVar[bool] = False  # so that a word that is no command is an argument of the usual one
    noun: ClassVar[str] = "command"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words, with the usual command first if no command is named.

        Raises UsageError if a command is missing.
        """
        if not args and not self.usual:
            raise UsageError(
                f"{ctx.command_path} needs a {self.noun}: {', '.join(self.table)}.\nTry: {ctx.command_path} --help"
            )
        if self.usual and (not args or self._is_for_the_usual(args[0])):
            args = [self.usual, *args]
        return list(super().parse_args(ctx, args))

    def _is_for_the_usual(self, word: str) -> bool:
        option = word[:1] in f"-{DASHES}" and word not in ("-h", "--help")
        return option or (self.usual_takes_words and word not in self.table and word not in ("-h", "--help"))

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Find a command, which may import it."""
        return type(self).find(self.table[cmd_name][0]) if cmd_name in self.table else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.table.items()])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command. Raises UsageError for an unknown one, with the nearest name."""
        word = args[0]
        hint = f"{ctx.command_path} --help"
        if word[:1] in DASHES:
            raise _pasted_dash(word, option_names(self.get_params(ctx)), hint)
        if word not in self.table and not word.startswith("-"):
            raise UsageError(f"There is no {self.noun} '{word}'. {self._nearest(ctx, word)}\nTry: {hint}")
        return super().resolve_command(ctx, args)

    def _nearest(self, ctx: Any, word: str) -> str:
        if self.noun == "command" and "train" in self.table and word in TASKS:
            return f"Did you mean 'train {word}'? A trained model is applied with 'run'."
        near = name_meant(word, self.table) or closest(word, self.table)
        if near:
            return f"Did you mean '{near}'?"
        known = ", ".join(self.table)
        if self.noun == "task" and not self.usual and (os.path.exists(word) or "." in word or os.sep in word):
            return f"Name the task before the data: {ctx.command_path} {next(iter(self.table))} {word}. Tasks: {known}."
        return f"There are: {known}."


def command(function: Callable[..., Any], name: str) -> Any:
    """Return a function with typer's annotations as a command."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(name, cls=Command, context_settings=_SETTINGS, add_help_option=False)(function)
    made = typer.main.get_command(app)
    made.params.append(_help())
    return made


def imported(where: str) -> Any:
    """Return the command that a function of a module gives, named ``module:function``."""
    module, _, maker = where.partition(":")
    return getattr(importlib.import_module(module), maker)()


def group(
    commands: Mapping[str, tuple[str, str]],
    name: str,
    help_text: str,
    find: Callable[[str], Any] = imported,
    usual: str = "",
    *,
    usual_takes_words: bool = False,
    noun: str = "command",
) -> LateGroup:
    """Return a group over a table name -> (where, one line); `find` returns the command of a `where`, `usual` is the
    command if none is named, and `noun` the word for a command of this group.
    """
    own = {"usual": usual, "usual_takes_words": usual_takes_words, "noun": noun}
    cls = type("Group", (LateGroup,), {"table": commands, "find": staticmethod(find), **own})
    made: LateGroup = cls(
        name=name, help=help_text, rich_markup_mode=None, add_help_option=False, context_settings=_SETTINGS
    )
    made.params.append(_help())
    return made


def flag(show: Callable[[typer.Context], str], help_text: str, *names: str) -> Any:
    """Return an option that prints what ``show`` gives, and ends the program."""

    def answer(context: typer.Context, value: bool) -> None:
        if value:
            print(show(context))
            raise typer.Exit

    option = typer.Option(*names, help=help_text, callback=answer, is_eager=True)

    def holder(wanted: bool = False) -> None: ...

    holder.__annotations__["wanted"] = Annotated[bool, option]
    app = typer.Typer(add_completion=False)
    app.command()(holder)
    made = typer.main.get_command(app).params[0]
    made.expose_value = False
    return made


def _help() -> Any:
    # Typer's own has no default, and reading that costs the import of pydantic: half of the time of a usage error.
    return flag(lambda context: context.get_help(), "Show this message and exit.", "-h", "--help")


def option_names(parameters: list[Any]) -> list[str]:
    """Return every ``--name`` that the parameters know."""
    return [name for p in parameters for name in (*p.opts, *p.secondary_opts) if name.startswith("--")]


def explain(error: typer.TyperException) -> str:
    """Return typer's message in the words of this program, with the nearest option and the command that shows help."""
    context = getattr(error, "ctx", None)
    message = error.format_message().rstrip(".")
    wrong = getattr(error, "option_name", None)
    if wrong is not None and message.startswith("No such option"):
        message = f"There is no option '{wrong}'{_nearest_option(wrong, context) if context else ''}"
    for validator, words in _EXPECTED:
        message = validator.sub(words, message)
    if not message.endswith("?"):
        message += "."
    return message + (f"\nTry: {context.command_path} --help" if context else "")


def _nearest_option(word: str, context: Any) -> str:
    known = option_names(context.command.get_params(context))
    near, instead = option_meant(word, known), elsewhere(context.command.name, word)
    if instead and not near:
        return f". {instead}"
    owners = [] if near else _commands_with(word, context)
    near = near or (None if owners else closest(word, known))
    if near:
        return f". Did you mean {near}?"
    others = " and ".join([", ".join(owners[:-1])] * (len(owners) > 1) + owners[-1:])
    return f" in `{context.command_path}`; {others} {'has' if len(owners) == 1 else 'have'} it" if owners else ""


def _commands_with(word: str, context: Any) -> list[str]:
    """Return the commands beside this one in a group of tasks, such as `train tag`, that have the option."""
    group = context.parent.command if context.parent else None
    if not isinstance(group, LateGroup) or group.noun != "task":
        return []
    names = [name for name in group.table if word in option_names(group.get_command(context, name).params)]
    return [f"`{context.parent.command_path} {name}`" for name in names]


def _pasted_dash(word: str, known: list[str], hint: str) -> UsageError:
    written = "--" + word.lstrip(DASHES + "-")
    name = written.partition("=")[0]
    near = name if name in known else closest(name, known)
    meant = f"Did you mean {near}?" if near else "Options begin with two hyphens: --."
    called = _CALLED.get(word[0], "a typographic dash")
    return UsageError(
        f"'{word}' begins with {called}, which editors and chats put where two hyphens were typed. {meant}\nTry: {hint}"
    )
