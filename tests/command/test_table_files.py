import gzip

import numpy as np
import pandas as pd
import pytest

from skdnn._command.inputs import InputError
from skdnn._command.table_files import column_names, is_table, read_table_file

HOUSES = pd.DataFrame(
    {
        "größe": [80.5, np.nan, 120.25, 64.0],
        "zimmer": [3, 2, 5, 2],
        "stadt": ["Köln", "Bonn; Süd", "a\nb", None],
        "garten": [True, False, True, True],
        "plz": ["01067", "50667", "89073", "01067"],
    }
)


@pytest.fixture
def written(tmp_path):
    """Write text, bytes or a frame to a file; return its path."""

    def write(content, name="houses.csv", **options):
        path = tmp_path / name
        if isinstance(content, pd.DataFrame):
            content.to_csv(path, index=False, **options)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def assert_houses(frame):
    pd.testing.assert_frame_equal(frame, HOUSES, check_dtype=False)
    assert [frame[name].dtype.kind for name in frame] == ["f", "i", "O", "b", "O"]


# -- what is read right ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "form", "code"),
    [
        ({}, "separated by ','", ""),
        ({"encoding": "utf-8-sig"}, "separated by ','", ""),
        ({"sep": ";"}, "separated by ';'", ", sep=';'"),
        ({"sep": "|"}, "separated by '|'", ", sep='|'"),
        ({"sep": "\t"}, "separated by tabs", r", sep='\t'"),
        (
            {"sep": ";", "decimal": ",", "encoding": "utf-8-sig"},
            "separated by ';', decimal comma",
            ", sep=';', decimal=','",
        ),
        ({"decimal": ","}, "separated by ',', decimal comma", ", decimal=','"),
        (
            {"sep": "\t", "encoding": "utf-16"},
            "separated by tabs, UTF-16",
            r", sep='\t', encoding='utf-16'",
        ),
        (
            {"sep": ";", "encoding": "cp1252"},
            "separated by ';', Windows-1252, not UTF-8",
            ", sep=';', encoding='cp1252'",
        ),
    ],
)
def test_a_csv_file_is_read_however_it_is_written(written, monkeypatch, options, form, code):
    path = written(HOUSES, **options)

    file = read_table_file(path)

    assert_houses(file.frame)
    assert file.form == form
    assert file.reading == f"pandas.read_csv('new.csv'{code}, dtype={{'plz': str}})"
    assert file.remarks == ("'plz' holds numbers with leading zeros: taken as categories",)
    monkeypatch.chdir(path.parent)  # and the code reads another in the same way
    path.rename("new.csv")
    assert_houses(eval(file.reading, {"pandas": pd}))


@pytest.mark.parametrize("name", ["houses.csv.gz", "houses.gz", "houses.csv"])
def test_gzip_is_known_by_what_the_file_holds(written, name):
    content = HOUSES.to_csv(index=False, sep=";").encode()

    assert_houses(read_table_file(written(gzip.compress(content), name)).frame)


def test_parquet(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    HOUSES.set_index("zimmer", drop=False).to_parquet("new.parquet", index=False)

    file = read_table_file(tmp_path / "new.parquet", categorical=["zimmer"], drop=["garten"])

    assert file.form == "Parquet"
    assert file.remarks == ("'plz' holds numbers as text: taken as categories",)
    assert list(file.frame) == ["größe", "zimmer", "stadt", "plz"]
    assert file.frame["zimmer"].dtype == "category"
    pd.testing.assert_frame_equal(eval(file.reading, {"pandas": pd}), HOUSES)
    assert column_names(tmp_path / "new.parquet") == list(HOUSES)


def test_columns_can_be_left_out_or_be_categories(written):
    path = written("a,b,c\n1,1.234.567,x\n2,?,y\n3,4,z\n")

    frame = read_table_file(path, drop=["b"], categorical=["a"]).frame

    assert list(frame) == ["a", "c"]
    assert frame["a"].tolist() == ["1", "2", "3"]
    assert frame["a"].dtype == "category"


def test_spaces_after_separators_are_no_part_of_names_and_texts(written):
    file = read_table_file(written('a, b, c\n1, "x, y", 2\n3, z, 4\n'))

    assert file.frame.to_dict("list") == {"a": [1, 3], "b": ["x, y", "z"], "c": [2, 4]}
    assert "skipinitialspace=True" in file.reading


def test_commas_in_texts_do_not_make_a_separator_of_the_comma(written):
    file = read_table_file(written("name, first;age\nDoe, Jo;31\nRoe, Al;29\n"))

    assert list(file.frame) == ["name, first", "age"]


def test_a_column_without_a_name_gets_one_and_is_told(written):
    file = read_table_file(written(",a,b\n0,x,1\n1,y,2\n\n"))

    assert list(file.frame) == ["Unnamed: 0", "a", "b"]
    assert file.remarks == ("column 1 has no name, and is called 'Unnamed: 0'",)


def test_numbers_that_may_be_thousands_are_told(written):
    people = "town;people;area\nUlm;128.928;118.7\nBonn;335.975;141.1\n"

    file = read_table_file(written(people))

    assert file.frame["people"].tolist() == [128.928, 335.975]
    [remark] = file.remarks
    assert remark.startswith("'people' holds numbers such as 128.928, read with a decimal")


@pytest.mark.parametrize("text", ["{} %", "€ {},50", "{}km²", "${}"])
def test_numbers_with_signs_are_told(written, text):
    rows = [[text.format(n), f"{n % 5}b", f"1.{n}.2"] for n in range(20)]

    file = read_table_file(written(pd.DataFrame(rows, columns=["share", "class", "version"])))

    [remark] = file.remarks
    assert remark.startswith(f"'share' holds numbers with signs, such as '{rows[0][0]}': ")


# -- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,x\n2\n", r"must have 2 fields, .* ends in line 3 has 1: \['2'\]"),
        ("a,b\n1,x\n2,y,z\n", r"must have 2 fields, .* line 3 has 3: \['2', 'y', 'z'\]"),
        ('a,b\n1,"x\n2,y\n3,z\n', r"must have 2 fields|can't be read"),
        ("a,b,a\n1,2,3\n", r"must have a name of its own; \['a'\] stands .* rename"),
        ("a\n1\n2\n", r"columns separated by ',', ';', '\|' or tabs; .* is 'a'"),
        ("", "is empty"),
        ("\n\n", "is empty"),
        (b"a,b\n\0,1\n", r"bytes of 0: save the table as CSV in UTF-8"),
        (b"a,b\n\x81,1\n", r"UTF-8, UTF-16 or Windows-1252, and is in none"),
        (b"\x1f\x8b and no more", r"can't be read as a table: "),
    ],
)
def test_what_is_no_table_is_refused(written, content, message):
    with pytest.raises(InputError, match=message):
        read_table_file(written(content))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "a;b\n1,5;1.234,5\n2,5;2\n",
            r"'b' .*thousands separators, such as '1\.234,5': .*\(--drop b\)",
        ),
        ("a;b\n1,5;1.234\n2,5;7.000\n", r"'b' .*thousands separators, such as '1\.234'"),
        ("a;b\nx;1.234.567\ny;2.000\n", r"'b' .*thousands separators"),
        ('a,b\n"1,234.5",x\n"2,345",y\n', r"'a' .*thousands separators, such as '1,234\.5'"),
        ("a;b\n1 234;x\n2 345;y\n", r"'a' .*thousands separators, such as '1 234'"),
        (
            'a,b\n"1,234",x\n"2,345",y\n',
            r"'a' .*such as '1,234', which can be 1234 or 1\.234: write them without a comma",
        ),
        ("a;b\n1,5;1.25\n2,5;3.5\n", r"'b' .*decimal comma, as other columns do, got '1\.25'"),
        (
            "my size,b\n1,x\n2,x\n?,x\n4,x\n",
            r"'my size' .*numbers, but '\?' and the like in 1 of 4 rows: .*"
            r"--categorical 'my size'.*--drop 'my size'",
        ),
        ("a;b\n1,5;x\n2,5;x\nfew;x\n", r"'a' .*numbers, but 'few' .* 1 of 3 rows"),
    ],
)
def test_numbers_that_have_two_senses_or_none_are_refused(written, content, message):
    with pytest.raises(InputError, match=rf"column {message}"):
        read_table_file(written(content))


@pytest.mark.parametrize("option", ["drop", "categorical"])
def test_a_wrong_name_is_told_the_closest(written, option):
    with pytest.raises(InputError, match=rf"--{option} must .*'Grösse'; the closest: \['größe"):
        read_table_file(written(HOUSES), **{option: ["Grösse"]})


def test_a_file_without_names_is_told_where_they_belong(written):
    with pytest.raises(InputError, match=r"'kind'; it has \['5\.1', 'x'\] \(the first line"):
        read_table_file(written("5.1,x\n4.9,y\n"), drop=["kind"])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("houses.xlsx", "an Excel workbook: save its sheet as CSV"),
        ("houses.json", "JSON: write the table as CSV or Parquet"),
        ("houses.parquet", r"can't be read as a table: "),
    ],
)
def test_other_files_are_refused_by_their_kind(written, name, message):
    path = written("no table", name)

    assert is_table(str(path))
    for read in (read_table_file, column_names):
        with pytest.raises(InputError, match=message):
            read(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"--data must .* no file '.*houses\.csv'"):
        read_table_file(tmp_path / "houses.csv")


@pytest.mark.parametrize("missing", ["pandas", "pyarrow"])
def test_what_is_to_be_installed_is_said(written, monkeypatch, missing):
    monkeypatch.setitem(__import__("sys").modules, missing, None)

    with pytest.raises(InputError, match=rf"need {missing}: pip install 'skdnn\[tables\]'"):
        read_table_file(written("", "houses.parquet"))


def test_tables_are_known_by_their_names():
    assert all(map(is_table, ["a.csv", "A.CSV", "a.tsv", "b/a.csv.gz", "a.pq", "a.xlsx"]))
    assert not any(map(is_table, ["sample", "photos", "a.npz", "photos.d/x"]))
