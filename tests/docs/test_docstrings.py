"""Public functions and classes say what they are, in numpydoc form, and what they say fits their signature."""

import builtins
import inspect
import re
import sys

from modules import public_functions, public_structs

from runout import errors

SECTIONS = ("Parameters", "Returns", "Yields", "Raises", "Notes", "References", "Examples", "See Also", "Attributes")
FUNCTIONS = dict(public_functions())
STRUCTS = {name: (kind, fields) for name, kind, fields in public_structs()}
MANY = 5


def docstring(thing):
    return inspect.cleandoc(thing.__doc__ or "")


def sections(doc):
    """Return the body of each numpydoc section of a docstring."""
    parts = re.split(r"^([A-Z]\w+(?: \w+)?)\n(-+)$", doc, flags=re.MULTILINE)
    return {title: body for title, _, body in zip(parts[1::3], parts[2::3], parts[3::3], strict=True)}


def entries(body):
    """Return the names a Parameters section describes; several may share one line."""
    lines = [line for line in body.splitlines() if line and not line.startswith(" ")]
    return [part.strip().lstrip("*") for line in lines for part in line.partition(":")[0].split(",")]


def arguments(function):
    return [one for one in inspect.signature(function).parameters if one not in {"self", "cls"}]


def fields_documented_by_the_result(function):
    """Return the fields of the class a function makes: what a shorthand need not say again."""
    result = str(inspect.signature(function).return_annotation).rpartition(".")[2].strip("'<>\"")
    for name, (kind, _) in STRUCTS.items():
        if name.rpartition(".")[2] == result:
            return set(entries(sections(docstring(kind)).get("Parameters", "")))
    return set()


def test_a_public_function_says_what_it_is_in_one_sentence():
    def begins_well(doc):
        first, _, rest = doc.partition("\n")
        return re.match(r"[A-Z`]", first) and first.endswith((".", ":")) and (not rest or rest.startswith("\n"))

    assert [name for name, function in FUNCTIONS.items() if not begins_well(docstring(function))] == []


def test_sections_of_a_docstring_are_those_of_numpydoc():
    for name, function in FUNCTIONS.items():
        for title, rule in re.findall(r"^([A-Z]\w+(?: \w+)?)\n(-+)$", docstring(function), re.MULTILINE):
            assert (title in SECTIONS, len(title)) == (True, len(rule)), f"{name}: {title}"


def test_parameters_described_are_parameters_of_the_function():
    for name, function in FUNCTIONS.items():
        described = entries(sections(docstring(function)).get("Parameters", ""))
        assert set(described) <= set(arguments(function)), name


def test_a_function_of_many_parameters_describes_each():
    for name, function in FUNCTIONS.items():
        doc, wanted = docstring(function), arguments(function)
        described = {*entries(sections(doc).get("Parameters", "")), *fields_documented_by_the_result(function)}
        missing = [one for one in wanted if one not in described and f"``{one}" not in doc]
        assert not missing or len(wanted) < MANY, f"{name}: {missing}"


def test_errors_described_exist():
    for name, function in FUNCTIONS.items():
        for raised in entries(sections(docstring(function)).get("Raises", "")):
            own = vars(sys.modules[function.__module__])
            kind = getattr(errors, raised, getattr(builtins, raised, own.get(raised)))
            assert inspect.isclass(kind), f"{name}: {raised}"
            assert issubclass(kind, Exception), f"{name}: {raised}"


def test_an_error_of_ours_raised_in_a_public_function_is_described():
    # A command's errors are the exit codes of the public contract; those of a source stand in the protocol it answers.
    described_elsewhere = re.compile(r"runout\.cli\.|.*\.normalise$")
    for name, function in FUNCTIONS.items():
        raised = set(re.findall(r"^\s+raise (\w+)\(", inspect.getsource(function), re.MULTILINE)) & set(vars(errors))
        missing = {one for one in raised if one not in docstring(function)}
        assert not missing or described_elsewhere.match(name), f"{name}: {missing}"


def test_fields_described_are_fields_of_the_class():
    for name, (kind, fields) in STRUCTS.items():
        assert docstring(kind), name
        assert set(entries(sections(docstring(kind)).get("Parameters", ""))) <= set(fields), name


SAYS_NOTHING = re.compile(
    r"^\s+(?:Of (?:it|them|those)|What|Which|Where|As (?:there|above)|How many|The same|Likewise|Those|Parameters)\.$",
    re.MULTILINE,
)


def test_no_description_says_nothing():
    things = {**FUNCTIONS, **{name: kind for name, (kind, _) in STRUCTS.items()}}
    empty = {
        name: match.group().strip()
        for name, thing in things.items()
        if (match := SAYS_NOTHING.search(thing.__doc__ or ""))
    }
    assert not empty
