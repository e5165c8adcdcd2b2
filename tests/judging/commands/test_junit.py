"""JUnit's XML: as real tools write it, cut off, and hostile."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from projects import CALC, make

from trm_lsp.core.verdict import TestResult
from trm_lsp.judging.commands import junit
from trm_lsp.judging.commands.sources import Sources

SUREFIRE = """\
<?xml version="1.0" encoding="UTF-8"?>
<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" name="org.shop.CalcTest" time="0.05" tests="4">
  <properties><property name="java.version" value="17"/></properties>
  <testcase name="subtracts" classname="org.shop.CalcTest" time="0.012">
    <failure message="expected: &lt;1&gt; but was: &lt;5&gt;" type="org.opentest4j.AssertionFailedError"><![CDATA[\
org.opentest4j.AssertionFailedError: expected: <1> but was: <5>
\tat org.shop.CalcTest.subtracts(CalcTest.java:9)
]]></failure>
  </testcase>
  <testcase name="fine" classname="org.shop.CalcTest" time="1,000.5"/>
  <testcase name="later" classname="org.shop.CalcTest" time="0"><skipped message="slow"/></testcase>
  <testcase name="breaks" classname="org.shop.CalcTest" time="0">
    <error message="no &amp; way" type="java.lang.IllegalStateException">java.lang.IllegalStateException: no</error>
    <system-out>printed</system-out>
  </testcase>
</testsuite>
"""
"""In the form of Maven's surefire."""


def read(path: Path, root: Path) -> dict[str, TestResult]:
    return {one.id: one for one in junit.parse(path, Sources(root))}


def parse(root: Path, text: str | bytes) -> dict[str, TestResult]:
    return read(make(root, {"report.xml": text.encode() if isinstance(text, str) else text}) / "report.xml", root)


def test_a_report_of_classes(root: Path) -> None:
    found = parse(root, SUREFIRE)
    assert {id: str(one.outcome) for id, one in found.items()} == {
        "org.shop.CalcTest::subtracts": "failed",
        "org.shop.CalcTest::fine": "passed",
        "org.shop.CalcTest::later": "skipped",
        "org.shop.CalcTest::breaks": "error",
    }
    assert found["org.shop.CalcTest::subtracts"].signature == "AssertionFailedError: expected: <1> but was: <5>"
    assert found["org.shop.CalcTest::breaks"].signature == "IllegalStateException: no & way"
    assert found["org.shop.CalcTest::fine"].seconds == 1000.5


def test_the_report_that_pytest_writes_has_its_ids(root: Path, temporary: Path) -> None:
    more = "import calc\n\n\nclass TestMore:\n    def test_zero(self):\n        assert calc.sub(3, 0) == 4\n"
    make(root, {**CALC, "tests/test_more.py": more})
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={temporary}/report.xml"]
    subprocess.run(argv, cwd=root, capture_output=True, check=False)
    found = read(temporary / "report.xml", root)
    assert found.keys() == {"test_calc.py::test_sub", "tests/test_more.py::TestMore::test_zero"}
    assert found["test_calc.py::test_sub"].outcome == "failed"
    assert (found["test_calc.py::test_sub"].path, found["test_calc.py::test_sub"].line) == ("test_calc.py", 5)


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_the_report_that_node_writes(root: Path) -> None:
    test = """
        const test = require('node:test');
        test.describe('suite', () => { test('adds', () => { throw new TypeError('bad'); }); });
        test('fine', () => {});
    """
    make(root, {"a.test.js": test})
    argv = ["node", "--test", "--test-reporter=junit", "--test-reporter-destination=report.xml"]
    subprocess.run(argv, cwd=root, capture_output=True, check=False)
    found = read(root / "report.xml", root)
    (adds,) = [one for id, one in found.items() if id.endswith("suite::adds")]
    assert adds.outcome == "failed" and (adds.path, adds.line) == ("a.test.js", 3)
    assert [one.outcome for id, one in found.items() if id.endswith("fine")] == ["passed"]


def test_tests_of_one_name_are_told_apart(root: Path) -> None:
    case = '<testcase name="a" classname="A"/>'
    assert list(parse(root, f"<testsuites><testsuite>{case * 3}</testsuite></testsuites>")) == [
        "A::a",
        "A::a#2",
        "A::a#3",
    ]


def test_a_file_that_the_report_names_leads_the_id(root: Path) -> None:
    make(root, {"web/a.spec.ts": ""})
    case = '<testcase name="adds" classname="A" file="web/a.spec.ts" line="4"><failure>no</failure></testcase>'
    (one,) = parse(root, f"<testsuite>{case}</testsuite>").values()
    assert (one.id, one.path, one.line) == ("web/a.spec.ts::A::adds", "web/a.spec.ts", 4)


def test_a_report_cut_off_anywhere_counts_up_to_the_cut(root: Path) -> None:
    whole = list(parse(root, SUREFIRE))
    for end in range(200, len(SUREFIRE), 17):
        assert (
            list(parse(root, SUREFIRE[:end]))
            == whole[: SUREFIRE[:end].count("</testcase>") + SUREFIRE[:end].count('5"/>')]
        )


# --- what is no report ------------------------------------------------------------------------------

LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE testsuite [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>
<testsuite><testcase name="&c;"/></testsuite>"""
OUTSIDE = """<?xml version="1.0"?>
<!DOCTYPE testsuite [<!ENTITY a SYSTEM "file:///etc/hostname">]>
<testsuite><testcase name="a"><failure>&a;</failure></testcase></testsuite>"""


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        OUTSIDE,
        '<!DOCTYPE testsuite SYSTEM "http://localhost/x.dtd"><testsuite/>',
        "<project><testcase name='a'/></project>",
        "",
        "no XML",
        b"\xff\xfe\x00",
        "<testsuite>" * 1000,
    ],
)
def test_what_is_no_report_is_refused(root: Path, text: Any) -> None:
    with pytest.raises(junit.Refused):
        parse(root, text)


def test_a_report_that_is_not_there_is_refused(root: Path) -> None:
    for path in (root / "gone.xml", root):
        with pytest.raises(junit.Refused):
            junit.parse(path, Sources(root))


def test_a_huge_report_is_read_up_to_a_size(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(junit, "LARGEST", 100_000)
    found = parse(root, "<testsuite>" + "".join(f'<testcase name="{n}"/>' for n in range(10_000)) + "</testsuite>")
    assert 3_000 < len(found) < 5_000


@pytest.mark.parametrize("time", ["", "x", "nan", "inf", "-1", "1e999", "9" * 10_000])
def test_a_number_may_be_anything(root: Path, time: str) -> None:
    (one,) = parse(root, f'<testsuite><testcase name="a" time="{time}"/></testsuite>').values()
    assert 0 <= one.seconds <= 1e9
