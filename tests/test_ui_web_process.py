"""What the web process may not do: importing the libraries that belong to the workers takes seconds and hundreds of megabytes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAVY = {"torch", "transformers", "trl", "peft", "datasets", "accelerate", "safetensors"}

VISIT = """
import os, sys
from streamlit.testing.v1 import AppTest
from studentsim.runs.manager import RunManager
RunManager.ensure_warm_worker = lambda self: None
import studentsim.datasets.registry, studentsim.student.embedded.profiles, studentsim.runs.preflight, studentsim.ui.data
for page in ("app.py", "pages/1_New_simulation.py", "pages/2_Watch.py", "pages/7_Help.py", "pages/8_Check_questions.py"):
    app = AppTest.from_file(os.path.abspath("app.py"), default_timeout=60)
    if page != "app.py":
        app.switch_page(page)
    assert not app.run().exception, page
studentsim.ui.data.close_engines()
print("IMPORTED", *sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_no_page_imports_torch_or_its_kin(tmp_path: Path):
    environment = {**os.environ, "STUDENTSIM_DATA": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", VISIT], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    imported = set(next(line for line in done.stdout.splitlines() if line.startswith("IMPORTED")).split())
    assert "streamlit" in imported and "duckdb" in imported
    assert not imported & HEAVY


def test_charts_words_and_sentences_need_no_streamlit():
    code = (
        "import sys, studentsim.ui.charts, studentsim.narration.run_summary;"
        "import studentsim.analysis.rewards, studentsim.ui.new.mix, studentsim.ui.cards;"
        "sys.exit('streamlit' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60).returncode == 0


def test_pages_use_no_unsafe_html_and_no_retired_options():
    for path in (ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "studentsim" / "ui").rglob("*.py")):
        # style sheets of ours, which hold no visitor's words
        text = path.read_text().replace("st.html(CSS_PATH)", "").replace("st.html(STYLE_HTML_BY_MENU[show_menu])", "")
        for forbidden in ("unsafe_allow_html", "use_container_width", "st.html", "while True", "sleep("):
            assert forbidden not in text, f"{path.name} holds {forbidden}"
