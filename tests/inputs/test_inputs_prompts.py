"""Goal: a prompt says what its author wrote, or the author is told the line; nothing else happens.

Method: inline prompts as rows of text and outcome; files in a temporary project for includes. What
a template must not do (climb out of the sandbox, grow, run on, differ between two days) is tried.
"""

from pathlib import Path

import pytest
from bounded import within

from pipeline.core.errors import AuthorError, Position, Problem
from pipeline.inputs.folders import ProjectFolder
from pipeline.inputs.prompts import CompiledPrompt, PromptShelf

AT = Position("m.yaml", 7, 13)
ROW = {"city": "Oslo", "items": "ice", "age": 5}
VARIABLES: dict[str, object] = {"product": "head phones", "n": 3, "row": ROW, "yes": True,
                                "big": "z" * 50_000}


def inline(text: str, tmp_path: Path) -> CompiledPrompt:
    return PromptShelf(ProjectFolder(tmp_path)).inline(text, AT)


def said(text: str, tmp_path: Path) -> str:
    return inline(text, tmp_path).render(VARIABLES)


def refused(text: str, tmp_path: Path) -> Problem:
    with pytest.raises(AuthorError) as caught:
        said(text, tmp_path)
    assert len(caught.value.problems) == 1
    return caught.value.problems[0]


def shelf(tmp_path: Path, **files: str) -> PromptShelf:
    folder = tmp_path / "manifests"
    (folder / "templates").mkdir(parents=True)
    for name, text in files.items():
        (folder / "templates" / f"{name}.j2").write_text(text)
    return PromptShelf(ProjectFolder(folder))


@pytest.mark.parametrize(("text", "outcome"), [
    ("  a {{ product }}\n", "a head phones"),
    ("{{ row.city }}, {{ row['age'] }}, {{ row.items }}", "Oslo, 5, ice"),
    ("{% for key, cell in row.items() %}{% endfor %}", None),
    ("{{ product | upper | replace('PHONES', 'set') }}", "HEAD set"),
    ("{{ product.split(' ') | join('-') }} {{ ', '.join(['a', 'b']) }}", "head-phones a, b"),
    ("{{ product.replace(' ', '') }}", "headphones"),
    ("{% for i in range(n) %}{{ i }}/{{ loop.length }} {% endfor %}", "0/3 1/3 2/3"),
    ("{% if n > 2 and yes %}many{% else %}few{% endif %}", "many"),
    ("{{ nothing | default('d') }} {{ nothing is defined }}", "d False"),
    ("{% set x = n * 2 %}{{ x + 1 }} {{ 7 // 2 }} {{ 2 ** 10 }}", "7 3 1024"),
    ("{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m(n) }}{{ m(25000) }}", "<3><25000>"),
    ("{{ n ~ '-' ~ product }} {{ '%02d' % n }} {{ '%s' % n }}", "3-head phones 03 3"),
    ("{{ row | tojson }}", '{"city": "Oslo", "items": "ice", "age": 5}'),
    ("{{ '<b>' }} & {0.__class__} ${HOME} %(x)s", "<b> & {0.__class__} ${HOME} %(x)s"),
    ("{% raw %}{{ product }}{% endraw %}", "{{ product }}"),
    ("{% set ns = namespace(k=0) %}{% for i in range(4) %}{% set ns.k = ns.k + i %}{% endfor %}"
     "{{ ns.k }}", "6"),
    ("{% for g in [row] | groupby('city') %}{{ g.grouper }}{% endfor %}", "Oslo"),
    ("{# a note #}{{ product | title | truncate(5) }}", "He..."),
])
def test_a_prompt_says_what_jinja_says(text: str, outcome: str | None, tmp_path: Path) -> None:
    if outcome is None:
        assert "not callable" in refused(text, tmp_path).message
    else:
        assert said(text, tmp_path) == outcome


@pytest.mark.parametrize(("text", "message", "hint"), [
    ("{{ prodcut }}", "unknown variable 'prodcut'", "did you mean product?"),
    ("{{ elsewhere }}", "unknown variable 'elsewhere'", "known are big, n, product, row, yes"),
    ("{{ row.ctiy }}", "the row has no column 'ctiy'", "did you mean city?"),
    ("{{ product.colour }}", "a text has no 'colour'", ""),
    ("{{ row }}", "this prints a whole row; name a column of it: city, items, age", ""),
    ("{{ [n, 2] }}", "this prints a list; write {{ … | join(', ') }}", ""),
    ("{{ none }}", "this prints nothing", ""),
    ("{{ product.upper }}", "this prints what is no text", ""),
    ("{{ range }}", "this prints what is no text", ""),
    ("{{ 1 / 0 }}", "the template failed: division by zero", ""),
    ("{{ product | uper }}", "unknown filter 'uper'", "did you mean upper?"),
    ("{{ product", "unexpected end of template, expected 'end of print statement'", ""),
    ("{% block b %}", "a block of this template has no end: 'endblock' is missing", ""),
    ("  \n ", "the prompt is empty", "give it some text"),
    ("{% extends 'a.j2' %}", "a prompt in the manifest cannot include files",
     "move it to a file in templates/ and name that (line 1 of the prompt)"),
])
def test_a_mistake_is_told_with_what_may_be_meant(text: str, message: str, hint: str,
                                                  tmp_path: Path) -> None:
    assert refused(text, tmp_path) == Problem(message, AT, hint)


@pytest.mark.parametrize("text", [
    "{{ ''.__class__ }}", "{{ ''['__class__'] }}", "{{ '{0.__class__}'.format(product) }}",
    "{{ product.format.__globals__ }}", "{{ product | attr('__class__') }}", "{{ self.__init__ }}",
    "{{ [product] | map(attribute='__class__') | join }}", "{{ range.__self__ }}", "{{ (5).real }}",
    "{{ cycler.__init__.__globals__ }}", "{{ lipsum() }}", "{{ product | random }}",
    "{{ row.update({'a': 1}) }}", "{{ row.clear() }}", "{% set row.city = 1 %}",
    "{{ [].append(1) }}", "{{ joiner() }}",
    "{{ loop }}", "{{ self._TemplateReference__context }}", "{{ product.encode('utf-8') }}",
    "{{ ''.join.__self__ }}", "{% import 'os' as os %}", "{{ namespace.__init__ }}", "{{ dict }}",
    "{{ [product] | map('attr', '__class__') | list }}", "{{ product.translate({104: 'x'}) }}",
])
def test_nothing_leads_out_of_the_sandbox(text: str, tmp_path: Path) -> None:
    refused(text, tmp_path)


@pytest.mark.parametrize("text", [
    "{{ 'a' * 10**8 }}", "{{ 10**8 * 'a' }}", "{{ [1] * 10**9 }}", "{{ 2 ** (10 ** 9) }}",
    "{{ 'x' | center(10**9) }}", "{{ 'x'.ljust(10**9) }}", "{{ '%1000000000d' % 1 }}",
    "{{ '%*d' % (10**9, 1) }}", "{{ '{:>1000000000}'.format(1) }}",
    "{{ (5).to_bytes(10**9, 'big') }}", "{{ range(10**9) | list }}", "{{ big ~ big ~ big }}",
    "{{ big + big + big }}", "{{ big }}{{ big }}.",
    "{{ big | replace('z', big) }}", "{{ big.replace('z', big) }}", "{{ ([big] * 9) | join }}",
    "{{ ','.join([big, big, big]) }}", "{{ '%s%s%s' % (big, big, big) }}",
    "{{ 5 | round(10**9) }}", "{{ 'x' | indent(10**9) }}", "{{ [] | batch(10**9, 1) | list }}",
    "{% for a in range(300) %}{% for b in range(300) %}{% for c in range(300) %}x{% endfor %}"
    "{% endfor %}{% endfor %}",
    "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
    "{% set x %}{% for a in range(9999) %}" + "x" * 9999 + "{% endfor %}{% endset %}",
    "{% set s = namespace(x='ab') %}{% for i in range(60) %}{% set s.x = s.x ~ s.x %}{% endfor %}",
    "{% set s = namespace(x='ab') %}{% for i in range(60) %}{% set s.x = s.x + s.x %}{% endfor %}",
    "{% set s = namespace(x=[1]) %}{% for i in range(60) %}{% set s.x = s.x + s.x %}{% endfor %}",
    "{% set s = namespace(x=3) %}{% for i in range(60) %}{% set s.x = s.x * s.x %}{% endfor %}",
    "{% set s = namespace(x='ab') %}{% for i in range(60) %}{% set t %}{{ s.x }}{{ s.x }}"
    "{% endset %}{% set s.x = t %}{% endfor %}",
    "{% macro f(d) %}{% if d %}{{ f(d - 1) }}{{ f(d - 1) }}{% endif %}{% endmacro %}{{ f(40) }}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "{% for c in big recursive %}{{ loop(big) if loop.depth < 9 }}{% endfor %}",
    "{{ " + "(" * 5000 + "n" + ")" * 5000 + " }}", "{{ 1" + " + 1" * 10_000 + " }}",
    "{{ n" + " | upper" * 3000 + " }}", "{{ 9" + "9" * 5000 + " }}", "x" * 50_001,
    "{% for a in row %}" * 30 + "{% endfor %}" * 30, "{{ n }}" * 7000 + "{{ prodcut }}",
])
def test_a_prompt_that_grows_is_refused_within_a_second(text: str, tmp_path: Path) -> None:
    with within(1):
        refused(text, tmp_path)


def test_a_prompt_is_rendered_in_microseconds(tmp_path: Path) -> None:
    prompt = inline("slow push-in on {{ product }}, {{ row.city }}{% if yes %}, sunny{% endif %}",
                    tmp_path)
    with within(2000 * 200e-6):
        for _ in range(2000):
            prompt.render(VARIABLES)


def test_a_file_is_told_by_its_own_line_also_through_includes(tmp_path: Path) -> None:
    prompts = shelf(tmp_path, top="one\n{% include 'below.j2' %}\n", below="two\n\n{{ prodcut }}\n")
    with pytest.raises(AuthorError) as caught:
        prompts.template("top.j2", AT).render({"product": 1})
    problem = caught.value.problems[0]
    assert problem.at is not None
    assert (Path(problem.at.file).name, problem.at.line) == ("below.j2", 3)
    assert problem.hint == "did you mean product?"


def test_names_are_gathered_through_everything_that_is_included(tmp_path: Path) -> None:
    prompts = shelf(
        tmp_path, top="{% extends 'frame.j2' %}{% block body %}{{ a }}{% endblock %}",
        frame="{% block body %}{% endblock %}{% include ['gone.j2', 'b.j2'] %}{{ f }}",
        b="{{ b }}{% from 'm.j2' import say %}{{ say(1) }}{% include 'no.j2' ignore missing %}",
        m="{% macro say(x) %}{{ x }}{{ model }}{% endmacro %}")
    prompt = prompts.template("top.j2", AT)
    assert prompt.names == {"a", "b", "f", "model"}
    assert prompts.template("top.j2", AT) is prompt


def test_only_what_is_read_is_a_name(tmp_path: Path) -> None:
    prompt = inline("{% set x = n %}{% for i in range(x) %}{{ i }}{{ row.city }}{% endfor %}",
                    tmp_path)
    assert prompt.names == {"n", "row"}
    assert prompt.label == "inline"


def test_the_same_variables_give_the_same_prompt(tmp_path: Path) -> None:
    text = "{{ row | dictsort | map('first') | join(', ') }} {{ [3, 1, 2] | sort | join }}"
    assert {said(text, tmp_path) for _ in range(5)} == {"age, city, items 123"}


def test_a_template_that_includes_itself_ends(tmp_path: Path) -> None:
    prompts = shelf(tmp_path, top="{% include 'top.j2' %}")
    with pytest.raises(AuthorError, match="without end"):
        prompts.template("top.j2", AT).render({})


def test_a_link_out_of_the_project_is_not_followed(tmp_path: Path) -> None:
    prompts = shelf(tmp_path / "project", top="{% include 'link.j2' %}")
    (tmp_path / "secret.j2").write_text("secret")
    templates = tmp_path / "project" / "manifests" / "templates"
    (templates / "link.j2").symlink_to(tmp_path / "secret.j2")
    (templates / "loop.j2").symlink_to(templates / "loop.j2")
    for name in ("top.j2", "link.j2", "../../../secret.j2", str(tmp_path / "secret.j2")):
        with pytest.raises(AuthorError, match="outside the project"):
            prompts.template(name, AT)
    with pytest.raises(AuthorError):
        prompts.template("loop.j2", AT)


def test_a_finished_prompt_of_100_000_characters_is_the_end(tmp_path: Path) -> None:
    assert len(said("{{ big }}{{ big }}", tmp_path)) == 100_000
    assert refused("{{ big }}x{{ big }}", tmp_path).message == (
        "the prompt has more than 100,000 characters")
