"""What the site of the documentation (`mkdocs.yml`) holds beside the pages of this folder.

The README is its first page, and the help of every command and every notebook are pages. The keys of protocol files are
tables. Files of the repository that pages link to are copied. Equations are MathML, which browsers draw without a
script.
"""

import inspect
import json
import re
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
COPIES = "files"
"""Folder of the site for files that lie outside of `docs`."""
NOTEBOOK = re.compile(r"(\]\([\w/-]+)\.ipynb\)")
EQUATION = re.compile(r'<(span|div) class="arithmatex">\\(?P<way>[(\[])(?P<tex>.*?)\\[)\]]</\1>', re.DOTALL)
BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
WORDS = {"number": "number", "integer": "whole number", "boolean": "true or false", "string": "text", "object": "table"}
OUTSIDE = re.compile(r"\]\(\.\./([^)#]+)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made, and the files that pages link to."""
    files.append(File.generated(config, "index.md", content=first_page()))
    files.append(File.generated(config, "commands.md", content=commands_page()))
    for notebook in sorted(Path(config.docs_dir).glob("notebooks/*.ipynb")):
        files.remove(files.src_uris[f"notebooks/{notebook.name}"])
        for place, content in notebook_page(notebook).items():
            files.append(File.generated(config, f"notebooks/{place}", content=content))
    linked = {
        place
        for page in Path(config.docs_dir).glob("*.md")
        for place in OUTSIDE.findall(page.read_text(encoding="utf-8"))
    }
    for place in sorted(linked | set(re.findall(r"\]\((?!docs/)([A-Za-z][\w/.-]+)\)", first_page()))):
        if (ROOT / place).is_file():
            files.append(File.generated(config, f"{COPIES}/{place}", abs_src_path=str(ROOT / place)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Tables in place of comments; links to copies of files outside of the folder, and to pages of notebooks."""
    for comment, table in TABLES.items():
        markdown = markdown.replace(comment, table()) if comment in markdown else markdown
    return NOTEBOOK.sub(r"\1.md)", OUTSIDE.sub(rf"]({COPIES}/\1)", markdown))


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Equations in TeX, as the extension arithmatex marks them, to MathML."""
    return EQUATION.sub(lambda found: equation(found["tex"], found["way"] == "["), html)


def equation(tex: str, alone: bool) -> str:
    """MathML of an equation, in a line of its own or within the text."""
    from latex2mathml.converter import convert

    mathml = convert(unescape(tex), display="block" if alone else "inline")
    if "\\" in mathml:
        raise ValueError(f"not understood in the equation {tex}: {mathml}")
    return mathml


def first_page() -> str:
    """The README, with links as seen from this folder."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.sub(r"\]\(docs/", "](", text)


def notebook_page(notebook: Path) -> dict[str, str | bytes]:
    """A notebook with its outputs as a page, and the pictures of the page, by file name."""
    from nbconvert import MarkdownExporter

    page, resources = MarkdownExporter().from_filename(str(notebook), resources={"output_files_dir": notebook.stem})
    page = re.sub(r"<style.*?</style>", "", page, flags=re.DOTALL).replace(' border="1" class="dataframe"', "")
    return {f"{notebook.stem}.md": page, **resources["outputs"]}


def commands_page() -> str:
    """The help of every command, as the program prints it."""
    import typer.main

    from autodisco.cli import commands

    group = typer.main.get_command(commands())
    parts = ["# Commands", f"```text\n{help_of(group, 'autodisco')}\n```"]
    for name, command in group.commands.items():
        inner = getattr(command, "commands", {})
        for words, one in [(name, command), *((f"{name} {word}", sub) for word, sub in inner.items())]:
            parts += [f"## {words}", f"```text\n{help_of(one, f'autodisco {words}')}\n```"]
    return "\n\n".join(parts)


def protocol_tables() -> str:
    """The keys of protocol files, from the models that read them."""
    from autodisco.simulation.protocols import Protocol

    schema = Protocol.model_json_schema()
    parts = [key_table(schema)[1]]
    for name, definition in schema["$defs"].items():
        text, table = key_table(definition)
        parts += [f"### {name}", text, table]
    return "\n\n".join(parts)


def key_table(definition: Mapping[str, Any]) -> tuple[str, str]:
    """What a table of a file is for, and its keys: what each takes, its default and its meaning."""
    text, _, attributes = inspect.cleandoc(definition.get("description", "")).partition("\n\nAttributes\n----------\n")
    meanings = {
        name: " ".join(meaning.split())
        for names, meaning in re.findall(r"^([\w, ]+) : (.*(?:\n    .*)*)", attributes, re.MULTILINE)
        for name in names.split(", ")
    }
    rows = [f"| key | allowed | default |{' |' * bool(meanings)}", f"|---|---|---|{'---|' * bool(meanings)}"]
    for key, value in definition["properties"].items():
        default = "" if value.get("default") is None else f"`{json.dumps(value['default'])}`"
        meaning = f" {meanings.get(key, '')} |" if meanings else ""
        rows.append(f"| `{key}` | {allowed(value)} | {default} |{meaning}")
    return text.replace("``", "`"), "\n".join(rows)


def allowed(value: Mapping[str, Any]) -> str:
    """What a key takes, in words."""
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if choices := value.get("anyOf") or value.get("oneOf"):
        return " or ".join(allowed(one) for one in choices if one.get("type") != "null")
    if "const" in value or "enum" in value:
        return ", ".join(f"`{one}`" for one in value.get("enum", [value.get("const")]))
    if value.get("type") == "array":
        items = value.get("prefixItems")
        return f"list of {len(items)}: {allowed(items[0])}" if items else f"list of: {allowed(value['items'])}"
    bounds = [f"{sign} {value[name]:g}" for name, sign in BOUNDS.items() if name in value]
    return ", ".join([WORDS[value["type"]], *bounds])


def help_of(command: object, name: str) -> str:
    """The help of a command."""
    with command.make_context(name, [], resilient_parsing=True, terminal_width=84, max_content_width=84) as context:
        return command.get_help(context).strip()


TABLES = {"<!-- keys of protocol files -->": protocol_tables}
"""What stands for a comment of a page on the site."""
