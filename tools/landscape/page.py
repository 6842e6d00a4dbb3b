"""One self-contained page, .html, of everything that a file holds: what was found, pictures (inline SVG), results with
their meaning, minimizers, settings, contents and how to cite. It asks no network for anything and follows the reader's
light or dark scheme.
"""

import html
import re

import numpy as np

from . import findings, meaning, plots, style
from .options import defaults
from .output import MARK, write_bytes
from .reader import LandscapeError, attribute
from .columns import tables

MOST_ROWS = 60  # of a table
SAME_AS = {"profiles": "roughness", "histogram": "roughness", "contour": "surface", "heat": "surface"}

STYLE = """
:root { color-scheme: light dark; --page: #fff; --ink: #1a1a1a; --muted: #595959; --line: #d4d4d4; --tint: #f4f4f4; }
@media (prefers-color-scheme: dark) {
  :root { --page: #16181b; --ink: #e4e4e4; --muted: #a6a6a6; --line: #3c4046; --tint: #1f2226; }
}
body { background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 62rem;
  padding: 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0.2rem; } h2 { margin-top: 2.4rem; border-bottom: 1px solid var(--line); }
nav a { margin-right: 1rem; } a { color: inherit; }
figure { margin: 1.5rem 0; } figure svg { width: 100%; height: auto; } figcaption, .muted { color: var(--muted); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 0.15rem 0.7rem 0.15rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
pre { background: var(--tint); padding: 0.8rem; overflow-x: auto; font-size: 0.8rem; }
blockquote { margin: 0.5rem 0; padding-left: 0.8rem; border-left: 3px solid var(--line); } summary { cursor: pointer; }
@media print { nav { display: none; } details { display: block; } }
"""

CITATION = """@inproceedings{wu2023roughness,
  author    = {Wu, Keke and Jian, Xiangru and Du, Rui and Chen, Jingrun and Zhou, Xiang},
  title     = {Roughness Index for Loss Landscapes of Neural Network Models of Partial Differential Equations},
  booktitle = {2023 IEEE International Conference on Big Data (BigData)},
  pages     = {966--975},
  year      = {2023},
  note      = {arXiv:2103.11069}
}"""


def escape(value):
    return html.escape(str(value))


def number(value):
    """A value as a reader wants it: six digits, texts as they are."""
    if isinstance(value, (float, np.floating)):
        return "undefined" if np.isnan(value) else f"{float(value):.6g}"
    return escape(value)


def table_html(head, rows):
    cells = lambda row, tag: "".join(f"<{tag}>{cell}</{tag}>" for cell in row)  # noqa: E731
    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{cells(head, "th")}</tr></thead><tbody>{body}</tbody></table></div>'


def section(name, title, *parts):
    content = "\n".join(part for part in parts if part)
    return f'<section id="{name}"><h2>{escape(title)}</h2>\n{content}\n</section>'


# ---- pictures
def inline_svg(text, prefix, label):
    """An SVG inside a page: no header, ids of its own, black as the page's ink and white as its ground."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.S)
    text = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", text)
    seen = {}

    def own_id(match):
        """Equal content has an equal id, also twice: the second one gets a number."""
        seen[match[1]] = seen.get(match[1], 0) + 1
        again = f"-{seen[match[1]]}" if seen[match[1]] > 1 else ""
        return f' id="{prefix}-{html.escape(match[1])}{again}"'

    text = re.sub(r'\sid="([^"]*)"', own_id, text)
    text = re.sub(r'xlink:href="#', f'href="#{prefix}-', text).replace("xlink:href", "href")
    text = text.replace("url(#", f"url(#{prefix}-")
    for colour, ink in (("#000000", "currentColor"), ("#ffffff", "var(--page)"), ("#595959", "var(--muted)"),
                        ("#e6e6e6", "var(--line)"), ("#b2b2b2", "var(--line)")):  # fmt: skip
        text = text.replace(colour, ink)
    head, rest = text.split(">", 1)
    head = re.sub(r'\s(width|height)="[^"]*"', "", head)
    return f'{head} fill="currentColor" role="img" aria-label="{escape(label)}">{rest}'


def pictures(file, options, notes):
    names = [name for name in plots.available(file) if SAME_AS.get(name) not in plots.available(file)]
    parts = []
    for name in names:
        line = plots.line_of(name)
        try:
            figure = plots.draw(name, [file], options, notes)
        except LandscapeError as error:
            parts.append(f'<p class="muted">{escape(name)}: {escape(error)}</p>')
            continue
        drawing = inline_svg(style.as_svg(figure, options), f"p-{name}", line.text)
        parts.append(
            f'<figure id="picture-{name}">{drawing}<figcaption>{escape(name)}: {escape(line.text)}</figcaption></figure>'
        )
    return parts or ["<p>The job has written nothing that can be drawn yet.</p>"]


# ---- words and numbers
def rests_on_few(results):
    """The program's (*) of an interval: fewer than 10 directions carry the variance, or less than a fifth of them."""
    few, used = results.get("effective_directions"), results.get("used")
    return few is not None and used is not None and np.isfinite(few) and (few < 10 or used > 5 * few)


def sentences(file):
    """What the program says in words: (where, sentence)."""
    for path in file.result_groups():
        results = file.results(path)
        for name, value in (results or {}).items():
            if (
                isinstance(value, str)
                and value.strip().endswith(".")
                or (isinstance(value, str) and name == "stability")
            ):
                yield path, value
        if rests_on_few(results or {}):
            few = f"about {results['effective_directions']:.0f} directions carry the variance"
            yield path, f"{path}: {few}, so the interval may be too short: use more --directions."
    for name in file.minimizers:
        minimizer = file.minimizer(name)
        about = minimizer.attributes if minimizer is not None else {}
        if about.get("critical_point"):
            yield f"minimizer/{name}", f"The {name} minimizer {about['critical_point']}."
        if about.get("at_iteration_limit"):
            unfinished = f"The training of the {name} minimizer was not finished"
            yield f"minimizer/{name}", f"{unfinished}: {about.get('stopped_by') or 'its search'} ended at its limit."
        for warning in str(about.get("warnings", "") or "").splitlines():
            yield f"minimizer/{name}", f"Warning: {warning}"


def result_rows(results):
    for name, value in results.items():
        description, units = results.about(name)
        flat = np.ravel(value)
        if np.ndim(value) == 0:
            text = number(value[()] if hasattr(value, "shape") else value)
        elif flat.size <= 4:
            text = ", ".join(number(one) for one in flat)
        else:
            text = f'<span class="muted">array {escape(np.shape(value))}</span>'
        yield escape(name), text, escape(units), escape(description)


def finding_part(file, function):
    """Nothing where the file's command looks for something else."""
    found = function(file)
    if found is None:
        return []
    head, rows = found
    return [table_html(map(escape, head), [map(escape, row) for row in rows])]


def meaning_part(file):
    """Nothing where the file has no index."""
    table = finding_part(file, meaning.of_losses)
    words = [(escape(word), escape(said)) for word, said in meaning.WORDS.items()]
    return table and [*table, *(f"<p>{escape(said)}</p>" for said in meaning.PARAGRAPHS), table_html(("", ""), words)]


def results_part(file):
    parts = []
    for path in file.result_groups():
        results = file.results(path)
        if results is None:
            parts.append(f"<p>/{escape(path)}: pending, its job has not ended.</p>")
            continue
        body = table_html(("result", "value", "units", "meaning"), result_rows(results))
        is_main = path.count("/") <= 1 and "index" in results
        parts.append(f"<details{' open' if is_main else ''}><summary>/{escape(path)}</summary>{body}</details>")
    return parts or ["<p>There are no results.</p>"]


def tables_part(file):
    parts = []
    for name, table in tables(file).items():
        columns = [np.asarray(column) for column in table.columns.values()]
        n = len(columns[0]) if columns else 0
        rows = [[number(column[i]) for column in columns] for i in range(min(n, MOST_ROWS))]
        left = (
            f'<p class="muted">{n - MOST_ROWS} further rows: landscape-export --format csv.</p>'
            if n > MOST_ROWS
            else ""
        )
        head = [
            f'<span title="{escape(" ".join(table.meanings.get(key, ("", ""))))}">{escape(key)}</span>'
            for key in table.columns
        ]
        parts.append(
            f"<details><summary>{escape(name)}, {n} rows</summary>{table_html(head, rows)}{left}</details>"
        )
    return parts or ["<p>There are no tables yet.</p>"]


def minimizers_part(file):
    found = {}
    for name in file.minimizers:
        minimizer = file.minimizer(name)
        if minimizer is not None:
            n = sum(np.size(tensor) for tensor in minimizer.tensors.values())
            found[name] = {"architecture": minimizer.describe(), "parameters": n, **minimizer.attributes}
    if not found:
        return ["<p>The file has no minimizers.</p>"]
    keys = list(dict.fromkeys(key for about in found.values() for key in about))
    rows = [[escape(key), *(number(about.get(key, "")) for about in found.values())] for key in keys]
    return [table_html(("", *map(escape, found)), rows)]


def contents_part(file):
    rows = []
    with file.reading():
        for path in file.paths():
            dataset = file.h5[path]
            description, units = file.about(path)
            shape = " × ".join(map(str, dataset.shape)) or "1"
            rows.append(
                (f"/{escape(path)}", escape(shape), escape(dataset.dtype), escape(units), escape(description))
            )
    return [table_html(("dataset", "shape", "type", "units", "meaning"), rows)]


def header_rows(file):
    with file.reading():
        about = {key: attribute(file.h5, key) for key in file.h5.attrs if key not in ("config",)}
    rows = [
        ("equation", f"{file.equation}, d = {file.dimension}"),
        ("exact solution", file.problem.get("exact_solution", "not stored")),
        ("network", file.network()),
        ("command", file.command),
        ("state", file.state),
        *(
            (key.replace("_", " "), value)
            for key, value in sorted(about.items())
            if key != "command" and str(value)
        ),
    ]
    return [(escape(key), escape(value)) for key, value in rows]


SECTIONS = (
    ("summary", "The file"),
    ("verdicts", "What was found"),
    ("meaning", "What RI means"),
    ("pictures", "Pictures"),
    *((name, title) for name, title, _ in findings.TABLES),
    ("results", "Results"),
    ("minimizers", "Minimizers"),
    ("tables", "Tables"),
    ("settings", "Settings"),
    ("contents", "Contents of the file"),
    ("cite", "How to cite"),
)


def build(file, options=None, notes=None):
    """The page of a File as text."""
    notes = [] if notes is None else notes
    options = options or defaults()
    drawing = defaults(**{**vars_of(options), "size": "page", "title": "notes"})
    said = [
        f"<blockquote>{escape(text)}<br><span class='muted'>/{escape(where)}</span></blockquote>"
        for where, text in sentences(file)
    ]
    settings = "\n".join(f"{name} = {value}" for name, value in file.settings.items())
    content = {
        "summary": [table_html(("", ""), header_rows(file))],
        "verdicts": said or ["<p>The program has said nothing in words yet.</p>"],
        "meaning": meaning_part(file),
        "pictures": pictures(file, drawing, notes),
        **{name: finding_part(file, function) for name, _, function in findings.TABLES},
        "results": results_part(file),
        "minimizers": minimizers_part(file),
        "tables": tables_part(file),
        "settings": [f"<p>A config file: landscape_mpi --config FILE.</p><pre>{escape(settings)}</pre>"],
        "contents": contents_part(file),
        "cite": [
            "<p>The roughness index is that of K. Wu, X. Jian, R. Du, J. Chen and X. Zhou, <cite>Roughness Index for Loss "
            "Landscapes of Neural Network Models of Partial Differential Equations</cite>, IEEE Big Data 2023, 966–975, "
            '<a href="https://arxiv.org/abs/2103.11069">arXiv 2103.11069</a>.</p>',
            f"<pre>{escape(CITATION)}</pre>",
            f"<p>Computed with {escape(file.attributes.get('program', 'landscape_mpi'))} "
            f"{escape(file.attributes.get('version', ''))} (revision {escape(file.attributes.get('git_revision', 'unknown'))}).</p>",
        ],
    }
    sections = [(name, title) for name, title in SECTIONS if content[name]]
    links = "".join(f'<a href="#{name}">{escape(title)}</a>' for name, title in sections)
    body = "\n".join(section(name, title, *content[name]) for name, title in sections)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="generator" content="{MARK}">\n<title>{escape(file.label)}: landscape_mpi {escape(file.command)}</title>\n'
        f"<style>{STYLE}</style></head>\n<body>\n<header><h1>{escape(file.label)}</h1>"
        f'<p class="muted">landscape_mpi {escape(file.command)}, {escape(file.state)}</p><nav>{links}</nav></header>\n'
        f"<main>\n{body}\n</main>\n</body></html>\n"
    )


def vars_of(options):
    from .options import DEFAULTS

    return {name: getattr(options, name) for name in DEFAULTS}


def write(file, path, options=None):
    """Writes the page whole or not at all; returns notes about what it does not show."""
    notes = []
    write_bytes(path, build(file, options, notes).encode(), [file.path])
    return notes
