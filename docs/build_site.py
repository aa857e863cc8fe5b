"""What the site of the documentation (`mkdocs.yml`) holds beside the pages of this folder.

The README is its first page, the help of every command and every notebook are pages, and files of the repository that
pages link to are copied into it.
"""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
COPIES = "files"
"""Folder of the site for files that lie outside of `docs`."""
NOTEBOOK = re.compile(r"(\]\([\w/-]+)\.ipynb\)")
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
    """Links to files outside of the folder of the pages, to their copies, and links to notebooks, to their pages."""
    return NOTEBOOK.sub(r"\1.md)", OUTSIDE.sub(rf"]({COPIES}/\1)", markdown))


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


def help_of(command: object, name: str) -> str:
    """The help of a command."""
    with command.make_context(name, [], resilient_parsing=True, terminal_width=84, max_content_width=84) as context:
        return command.get_help(context).strip()
