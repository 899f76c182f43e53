"""Watch: one run, or a race of several, live. ``?run=<id>`` or ``?race=<id>,<id>`` names them; ``&present=1`` fills a projector,
``&replay=60`` replays there what is over, in so many seconds."""

from __future__ import annotations

from studentsim.ui import shell
from studentsim.ui.watch import chooser, links, live, race, race_form, stage

asked = links.asked()
with shell.page("Watch", menu=not asked.present) as engine:
    if asked.new_race:
        race_form.form(engine)
    elif asked.race:
        if asked.present:
            stage.race(engine, asked.race, asked.replay)
        else:
            race.page(engine, asked.race)
    elif asked.run:
        if asked.present:
            stage.run(engine, asked.run, asked.replay)
        else:
            live.page(engine, asked.run)
    else:
        chooser.choose(engine)
