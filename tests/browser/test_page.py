"""Every view of the report in a real browser: what it shows, how it is used, and that it keeps
to itself.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser.pages import LOADED, OpenPage, address
from playwright.sync_api import Page, expect
from unit.builders import HELPED, file, run, trace
from unit.test_other_changes import HEAVY, heavy
from unit.test_report import HOSTILE, hostile

from dagprof.analyse.comparison import compare
from dagprof.analyse.fleet import Fleet
from dagprof.model import PreloadedFile, PreloadedPackage, Preloading, Run
from dagprof.report import html

SLOW = f"file/{address('slow.py')}"
VIEWS = [
    "",
    "packages",
    SLOW,
    f"file/{address('bad.py')}",
    "compare",
    f"compare/{address('slow.py')}",
    "doubts",
]


def shown_paths(page: Page) -> list[str]:
    return list(page.locator("#file-table tbody th").all_inner_texts())


def test_the_overview_answers_first(open_page: OpenPage, report: str) -> None:
    page = open_page(report)
    expect(page.locator("h1")).to_have_text(re.compile("3 files with 2 DAGs take 1.53.s"))
    expect(page.get_by_role("heading", name="Gate: failed")).to_be_visible()
    plan = page.locator("#plan li").first
    expect(plan).to_contain_text("slow.py:1")
    expect(plan).to_contain_text("into the functions that use the import")
    expect(page.get_by_role("region", name="Files that could not be loaded")).to_contain_text(
        "bad.py:7"
    )
    assert shown_paths(page) == ["slow.py", "folder/quick.py", "bad.py"]
    expect(page.locator("#file-table .bar").first).to_have_attribute(
        "aria-label", re.compile("imports .* ms, ")
    )
    assert page.locator("[data-view=packages], [data-view=file]").evaluate_all(
        "all => all.every(e => e.tagName === 'A' || e.hidden)"
    )


def test_the_table_sorts_and_the_address_remembers_it(open_page: OpenPage, report: str) -> None:
    page = open_page(report)
    head = page.locator("#file-table thead")
    head.get_by_role("button", name="File").click()
    assert shown_paths(page) == ["bad.py", "folder/quick.py", "slow.py"]
    expect(page.locator("#file-table th[aria-sort]")).to_have_attribute("aria-sort", "ascending")
    assert page.evaluate("document.activeElement.textContent") == "File"
    page.keyboard.press("Enter")
    assert shown_paths(page) == ["slow.py", "folder/quick.py", "bad.py"]
    head.get_by_role("button", name="DAGs").click()
    assert "sort=-dags" in page.url
    page.reload()
    expect(page.locator("#file-table th[aria-sort]")).to_have_text("DAGs")


def test_the_table_filters_by_name_status_and_package(open_page: OpenPage, report: str) -> None:
    page = open_page(report)
    page.get_by_label("Name").fill("QUICK")
    assert shown_paths(page) == ["folder/quick.py"]
    expect(page.locator("#files output")).to_have_text("1 of 3 files")
    page.get_by_label("Name").fill("")
    page.get_by_label("Status").select_option("import error")
    assert shown_paths(page) == ["bad.py"]
    page.get_by_label("Status").select_option("all")
    page.get_by_label("Loads").fill("pandas")
    assert shown_paths(page) == ["slow.py"]
    page.reload()
    assert shown_paths(page) == ["slow.py"]
    expect(page.get_by_label("Loads")).to_have_value("pandas")
    page.get_by_label("Loads").fill("nothing like it")
    expect(page.locator("#file-table tbody")).to_have_text("No file matches.")


def test_thousands_of_rows_are_drawn_as_they_are_reached(open_page: OpenPage) -> None:
    many = run(
        *(
            file(f"folder/file_{n:05d}.py", 50 + n % 70, trace=trace(60, HELPED))
            for n in range(3000)
        )
    )
    page = open_page(html.render(many))
    assert len(shown_paths(page)) < 600
    rows = page.locator("#file-table tbody tr")
    for more in (250, 450, 650):
        page.locator("#files button.more").scroll_into_view_if_needed()
        expect(rows.nth(more)).to_be_attached()
    page.get_by_label("Name").fill("02999")
    assert shown_paths(page) == ["folder/file_02999.py"]
    page.locator("#file-table a").click()
    expect(page.locator("[data-view=file] h2")).to_contain_text("to parse")


def test_packages_zoom_and_lead_to_files(open_page: OpenPage, report: str) -> None:
    page = open_page(report, "packages")
    page.get_by_role("link", name=re.compile("^pandas: 50 ms")).click()
    expect(page.locator(".crumbs strong")).to_have_text("pandas")
    page.get_by_role("link", name=re.compile("^pandas: 50 ms")).click()
    expect(page.get_by_role("img", name=re.compile("^pandas.core: 30 ms"))).to_be_visible()
    page.reload()
    expect(page.get_by_role("img", name=re.compile("^pandas.core: 30 ms"))).to_be_visible()
    page.get_by_role("link", name="All imports").click()
    row = page.locator("#package-table tbody tr").filter(has_text="2.2.3")
    expect(row).to_contain_text("common/frames.py:1")
    page.locator("#package-table thead").get_by_role("button", name="Own").click()
    assert "sort=-own" in page.url
    row.get_by_role("link", name="1 file that loads pandas").click()
    assert shown_paths(page) == ["slow.py"]


def test_the_icicle_zooms_by_mouse_and_by_keyboard(open_page: OpenPage, report: str) -> None:
    page = open_page(report, SLOW)
    tree = page.get_by_role("tree", name="Imports of this parse")
    names = tree.locator("g[role=treeitem] > text").all_text_contents()
    assert any("pandas 80 ms" in re.sub(r"\s+", " ", name) for name in names)
    whole = tree.get_by_role("treeitem", name=re.compile("^numpy: 30 ms")).bounding_box()
    tree.get_by_role("treeitem", name=re.compile("^pandas: 80 ms")).click()
    expect(page.locator(".about")).to_contain_text(
        "pandas: 80 ms including nested imports, 20 ms own time; pandas; imported by"
    )
    zoomed = tree.get_by_role("treeitem", name=re.compile("^numpy: 30 ms")).bounding_box()
    assert whole is not None
    assert zoomed is not None
    assert zoomed["width"] > whole["width"]
    assert "zoom=0.0" in page.url
    page.reload()
    expect(tree.locator("[tabindex='0']")).to_have_attribute(
        "aria-label", re.compile("^pandas: 80 ms")
    )
    tree.locator("[tabindex='0']").focus()
    page.keyboard.press("ArrowDown")
    assert "numpy" in str(page.evaluate("document.activeElement.getAttribute('aria-label')"))
    page.keyboard.press("ArrowRight")
    assert "pandas.core" in str(page.evaluate("document.activeElement.getAttribute('aria-label')"))
    page.keyboard.press("Enter")
    assert "zoom=0.0.1" in page.url
    tree.get_by_role("treeitem", name=re.compile("^pandas: 80 ms")).click()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(tree.locator("[tabindex='0']")).to_have_attribute(
        "aria-label", re.compile("^All imports of this parse")
    )


def test_the_icicle_is_searched_and_ordered(open_page: OpenPage, report: str) -> None:
    page = open_page(report, SLOW)
    page.get_by_label("Search").fill("pandas")
    expect(page.locator("[data-view=file] output")).to_have_text("2 modules, 80 ms")
    assert page.locator(".node.match").count() == 2
    assert page.locator(".node.faded").count() == 3
    page.get_by_label("Order by").select_option("size")
    assert {"find=pandas", "order=size"} <= set(page.url.partition("?")[2].split("&"))
    page.reload()
    expect(page.get_by_label("Search")).to_have_value("pandas")
    assert page.locator(".node.match").count() == 2


def test_a_file_shows_source_effects_calls_and_experiments(
    open_page: OpenPage, report: str
) -> None:
    page = open_page(report, f"{SLOW}?line=4")
    line = page.locator(".source tr.line-asked")
    expect(line).to_contain_text("900 ms")
    expect(line).to_contain_text("http GET example.org:443")
    expect(line).to_contain_text("variable get bucket (placeholder value)")
    expect(page.locator(".source")).not_to_contain_text("END = 1")
    page.get_by_role("button", name=re.compile("^Show lines .* which take almost no time")).click()
    expect(page.locator(".source")).to_contain_text("END = 1")
    view = page.locator("[data-view=file]").last
    for text in (
        "A stub answered.",
        "These imports cost no time, because Airflow has already imported the modules",
        "client.py:12",
        "proved",
        "environment variable X",
        "the field start_date differs between parses. First value: 1. Second value: 2.",
        "1500.0, 1510.0, 1490.0",
    ):
        expect(view).to_contain_text(text)


def test_a_failed_file_shows_why(open_page: OpenPage, report: str) -> None:
    page = open_page(report)
    page.get_by_role("link", name="bad.py:7").click()
    view = page.locator("div[data-view=file]")
    expect(view).to_contain_text("KeyError: 'x'")
    expect(view.locator("pre").first).to_have_text("bad.py line 7\nKeyError")
    expect(view).to_contain_text("warned")
    page.go_back()
    expect(page.locator("h1")).to_be_visible()


def test_both_sides_are_compared_in_one_picture(open_page: OpenPage, report: str) -> None:
    page = open_page(report, "compare")
    rows = page.locator("#compare-table tbody tr")
    expect(rows.first).to_contain_text("+790 ms (+111 %)")
    expect(rows.first.get_by_role("img")).to_have_attribute(
        "aria-label", "before: 700, 720, 710 ms; now: 1500, 1510, 1490 ms"
    )
    page.locator("#compare-table thead").get_by_role("button", name="File").click()
    rows.filter(has_text="slow.py").get_by_role("link").click()
    tree = page.get_by_role("tree", name="Imports of both runs")
    expect(
        tree.get_by_role(
            "treeitem", name=re.compile(r"^common.frames: not loaded before, 81 ms now")
        )
    ).to_be_attached()
    expect(
        tree.get_by_role("treeitem", name=re.compile(r"^pandas: 330 ms before, not loaded now"))
    ).to_be_attached()
    texts = " ".join(tree.locator("text").all_text_contents())
    assert "new common.frames" in texts
    assert "gone pandas" in texts
    expect(page.locator("div[data-view=compare]")).to_contain_text(
        "http GET example.org:443 (line 4)"
    )


def test_an_address_that_names_nothing_says_so(open_page: OpenPage, report: str) -> None:
    expect(open_page(report, "file/none").locator("div[data-view=file]")).to_contain_text(
        "This report has no such file."
    )
    expect(open_page(report, "nowhere").locator("h1")).to_be_visible()
    expect(
        open_page(report, "packages?at=%5B%22none%22").locator("h2", has_text="Packages")
    ).to_be_visible()


@pytest.mark.parametrize("view", ["%", "file/%E0%A4%A", "packages?sort=bogus", "?sort=bogus"])
def test_a_mistyped_address_breaks_nothing(open_page: OpenPage, report: str, view: str) -> None:
    page = open_page(report, view)
    assert page.locator("main > div:visible").count() == 1
    page.evaluate("location.hash = '#/'")
    assert len(shown_paths(page)) == 3


def test_the_last_of_quick_navigations_wins(open_page: OpenPage) -> None:
    many = run(*(file(f"file_{n:05d}.py", 50 + n, trace=trace(60, LOADED)) for n in range(3000)))
    page = open_page(html.render(many))
    for addresses in (
        [f"#/file/{address('file_00000.py')}", "#/packages", "#/packages?sort=name"],
        ["#/packages", f"#/file/{address('file_00000.py')}", f"#/file/{address('file_02999.py')}"],
    ):
        page.evaluate("all => all.forEach(each => { location.hash = each })", addresses)
        page.wait_for_function(
            "location.hash.includes(document.body.dataset.shown.split('/').pop())"
        )
        page.wait_for_timeout(200)
    expect(page.locator("div[data-view=file] .crumbs code")).to_have_text("file_02999.py")
    assert page.locator("div[data-view=packages] h2").count() == 1
    assert page.title() == "dagprof: file_02999.py"


def test_the_skip_link_stays_in_the_view(open_page: OpenPage, report: str) -> None:
    page = open_page(report, "packages?sort=name")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.url.endswith("#/packages?sort=name")
    assert page.evaluate("document.activeElement.id") == "main"


def test_the_way_back_leads_to_the_same_place(open_page: OpenPage) -> None:
    many = run(*(file(f"file_{n:05d}.py", 50 + n, trace=trace(60, LOADED)) for n in range(1000)))
    page = open_page(html.render(many))
    row = page.locator("#file-table a", has_text="file_00700.py")
    for _ in range(2):
        page.locator("#files button.more").scroll_into_view_if_needed()
        page.wait_for_timeout(100)
    row.click()
    expect(page.locator("div[data-view=file] h2")).to_be_visible()
    page.go_back()
    expect(row).to_be_in_viewport()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing_serious(
    open_page: OpenPage, report: str, view: str, scheme: str
) -> None:
    page = open_page(report, view, color_scheme=scheme)
    found = Axe().run(page).response["violations"]
    serious = [
        (rule["id"], [node["html"][:120] for node in rule["nodes"]])
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_light_and_dark_differ(open_page: OpenPage, report: str) -> None:
    grounds = {
        open_page(report, color_scheme=scheme).evaluate(
            "getComputedStyle(document.body).backgroundColor"
        )
        for scheme in ("light", "dark")
    }
    assert grounds == {"rgb(255, 255, 255)", "rgb(20, 23, 27)"}


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_sticks_out_on_a_phone(open_page: OpenPage, report: str, view: str) -> None:
    page = open_page(report, view, viewport={"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_long_lines_of_a_change_do_not_stick_out_on_a_phone(open_page: OpenPage) -> None:
    names = ("heavy", "heavy.a_module_whose_name_is_wider_than_a_phone.and_has_parts_too")
    package = PreloadedPackage(name="heavy", modules=names, wall_ms=80.0, rss_kib=2048)
    files = (PreloadedFile(path="a.py", saving_ms=(70.0, 72.0, 74.0), memory_kib=(1024, 2048)),)
    found = run(
        heavy("a.py"),
        modules=(HEAVY,),
        import_sets=((),),
        preloading=Preloading(packages=(package,), loaded=names, rss_kib=2048, files=files),
    )
    page = open_page(html.render(found, fleet=Fleet(found)), viewport={"width": 360, "height": 740})
    expect(page.locator("pre").first).to_contain_text(names[1])
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_print_has_no_controls(open_page: OpenPage, report: str) -> None:
    page = open_page(report)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    expect(page.locator("nav")).to_be_hidden()
    expect(page.get_by_label("Name")).to_be_hidden()
    expect(page.locator("#file-table")).to_be_visible()
    assert page.pdf()[:5] == b"%PDF-"


def test_a_change_is_copied(open_page: OpenPage, report: str) -> None:
    page = open_page(report, permissions=["clipboard-read", "clipboard-write"])
    page.locator("#plan button.copy").first.click()
    expect(page.locator("#plan button.copy").first).to_have_text("Copied")
    assert str(page.evaluate("navigator.clipboard.readText()")).startswith(
        "slow.py:1\nMove the import of common.frames "
    )


def test_the_keyboard_reaches_everything_first(open_page: OpenPage, report: str) -> None:
    page = open_page(report)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    names = []
    for _ in range(4):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.textContent"))
    assert names == ["Overview", "Packages", "Compare", "Environment and notes"]
    page.keyboard.press("Enter")
    expect(page.locator("h2", has_text="Environment and notes")).to_be_visible()


def test_without_script_the_answer_is_there(open_page: OpenPage, report: str) -> None:
    page = open_page(report, java_script_enabled=False)
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("#plan")).to_contain_text("slow.py:1")
    expect(page.locator("noscript table")).to_contain_text("folder/quick.py")
    expect(page.locator("h2", has_text="Environment and notes")).to_be_visible()


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_are_shown_and_nothing_runs(open_page: OpenPage, text: str) -> None:
    shown = hostile(text)
    page = open_page(
        html.render(shown, fleet=Fleet(shown), comparison=compare(shown, shown), baseline=shown)
    )
    for view in ("#/", "#/packages", "#/compare", "#/doubts"):
        page.evaluate("view => { location.hash = view }", view)
        page.wait_for_timeout(50)
    page.evaluate("location.hash = '#/'")
    page.locator("#file-table a").first.click()
    expect(page.locator("div[data-view=file] h2")).to_be_visible()
    assert page.evaluate("document.querySelectorAll('img, iframe, object').length") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert page.title().startswith("dagprof: ")


def test_a_report_from_nothing(open_page: OpenPage) -> None:
    empty: Run = run(modules=())
    page = open_page(html.render(empty, fleet=Fleet(empty)))
    expect(page.locator("#file-table tbody")).to_have_text("There are no files.")
    page.get_by_role("link", name="Packages").click()
    expect(page.locator("#package-table tbody")).to_have_text(
        "No file was traced. To trace all files, use --depth full."
    )


def test_the_page_itself_is_small(report: str, tmp_path: Path) -> None:
    """Without data it stays below 400 KB, and far below."""
    code = re.sub(
        r'<script type="(?:text/plain|application/json)".*?</script>', "", report, flags=re.DOTALL
    )
    assert len(code.encode()) < 100_000
