"""Watch: one run, or a race of several, live. ``?run=<id>`` or ``?race=<id>,<id>`` names them; ``&present=1`` fills a projector,
``&replay=60`` replays there what is over, in so many seconds."""

from __future__ import annotations

from studentsim.ui import layout
from studentsim.ui.watch import chooser, links, live, presentation, race, race_form

asked = links.read_link()
with layout.page_frame("Watch", menu=not asked.present) as engine:
    if asked.is_new_race:
        race_form.render_race_form(engine)
    elif asked.race:
        if asked.present:
            presentation.render_race_presentation(engine, asked.race, asked.replay)
        else:
            race.render_race_page(engine, asked.race)
    elif asked.run:
        if asked.present:
            presentation.render_run_presentation(engine, asked.run, asked.replay)
        else:
            live.render_run_page(engine, asked.run)
    else:
        chooser.render_run_chooser(engine)
