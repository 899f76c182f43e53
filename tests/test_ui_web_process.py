"""What the web process may not do: importing the libraries that belong to the workers takes seconds and hundreds of megabytes."""

from __future__ import annotations

import json
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


OPENED = """
import json, os, sys
folder, bank, model = sys.argv[1:]
opened = []
def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes, os.PathLike)):
        path = os.path.realpath(os.fsdecode(arguments[0]))
        if path.startswith(os.path.realpath(folder)):
            opened.append(path)
from streamlit.testing.v1 import AppTest
from studentsim.config import RunConfig
from studentsim.errors import StudentsimError
from studentsim.runs import preflight
from studentsim.runs.manager import RunManager
from studentsim.ui import background
RunManager.ensure_warm_worker = lambda self: None
background.SHORT_WAIT_SECONDS = 120
sys.addaudithook(hook)
app = AppTest.from_file(os.path.abspath("app.py"), default_timeout=200).switch_page("pages/1_New_simulation.py").run()
app.segmented_control(key="new.bank").set_value("file").run()
app.text_input(key="new.bank.path").set_value(bank).run()
assert not app.exception and "to practise and" in "".join(m.value for m in app.markdown)
app.selectbox(key="new.who").set_value("marker").run()
app.selectbox(key="new.which").set_value("own").run()
app.text_input(key="new.grader").set_value(model).run()
assert not app.exception and "cannot be" in "".join(e.value for e in app.error)
app = AppTest.from_file(os.path.abspath("app.py"), default_timeout=200).switch_page("pages/8_Check_questions.py")
app.query_params["source"] = bank
app.run().button(key="check.start").click().run()
assert not app.exception
for settings in ({"bank": bank}, {"model": model}, {"teacher": {"grader": model}}):
    try:
        preflight.check_run_config_in_child(RunConfig.make(**settings))
    except StudentsimError as error:
        print("REFUSED", error)
import studentsim.ui.data
studentsim.ui.data.close_engines()
print("OPENED", json.dumps(opened))
"""


def test_no_file_that_a_visitor_names_is_opened(tmp_path: Path):
    theirs = tmp_path / "theirs"
    (theirs / "model").mkdir(parents=True)
    rows = [{"question": f"Which is {n}?", "a": "x", "b": str(n), "answer": "B", "category": "c"} for n in range(400)]
    (theirs / "bank.json").write_text(json.dumps(rows))
    (theirs / "model" / "config.json").write_text('{"model_type": "llama", "quantization_config": [1]}')
    (theirs / "model" / "check.json").write_text("{}")
    (theirs / "model" / "model.safetensors").write_bytes(b"\2\0\0\0\0\0\0\0{}")
    environment = {**os.environ, "STUDENTSIM_DATA": str(tmp_path / "data"), "PYTHONPATH": str(ROOT)}
    arguments = [str(theirs), str(theirs / "bank.json"), str(theirs / "model")]
    done = subprocess.run(
        [sys.executable, "-c", OPENED, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    refused = [line for line in done.stdout.splitlines() if line.startswith("REFUSED")]
    assert (
        len(refused) == 3 and "240 exam questions were asked for" in refused[0] and "stored quantised" in refused[1]
    ), refused
    assert next(line for line in done.stdout.splitlines() if line.startswith("OPENED")) == "OPENED []"


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
