"""Watch: one run, or a race of several, live. ``?run=<id>`` or ``?race=<id>,<id>`` names them; ``&present=1`` opens the
presentation view, ``&replay=60`` a replay there of what is over, in that many seconds."""

from __future__ import annotations

from studentsim.ui import layout
from studentsim.ui.watch import chooser, links, live, presentation, race, race_form

link = links.read_link()
with layout.page_frame("Watch", show_menu=not link.present) as engine:
    if link.is_new_race:
        race_form.render_race_form(engine)
    elif link.race:
        if link.present:
            presentation.render_race_presentation(engine, link.race, link.replay)
        else:
            race.render_race_page(engine, link.race)
    elif link.run:
        if link.present:
            presentation.render_run_presentation(engine, link.run, link.replay)
        else:
            live.render_run_page(engine, link.run)
    else:
        chooser.render_run_chooser(engine)
