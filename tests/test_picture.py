"""A picture drawn up first is what plotly's own Figure becomes step by step."""

import plotly.graph_objects as go

from studentsim.ui.charts.frame import end_label, finish, guessing, level
from studentsim.ui.charts.picture import Picture


def drawn(figure) -> dict:
    import pandas as pd

    figure.add_scatter(x=[1, 2], y=[3, 4], name="a")
    figure.add_bar(x=[1], y=[2])
    figure.update_xaxes(title="lessons", range=[0, 5], tick0=0)
    figure.update_yaxes(range=[0, 100])
    figure.update_xaxes(showgrid=False)
    guessing(figure, 0.2)
    level(figure, 40, "forty")
    end_label(figure, pd.Series([1, 2]), pd.Series([3.0, 4.4]))
    figure.update_layout(showlegend=True, legend={"traceorder": "reversed"})
    return finish(figure, "here", height=200, margin={"r": 99}, font={"size": 12}).to_plotly_json()


def test_it_becomes_the_same_figure():
    assert drawn(Picture()) == drawn(go.Figure())


def test_a_line_up_and_down_is_plotlys():
    style, note = {"color": "#123456", "width": 1, "dash": "dot"}, {"text": "guessing", "showarrow": False}
    picture, figure = Picture(go.Bar(x=[1], y=[2])), go.Figure(go.Bar(x=[1], y=[2]))
    picture.add_vline(20, line=style, annotation=dict(note))
    figure.add_vline(x=20, line=style, annotation=dict(note))
    assert picture.figure().to_plotly_json() == figure.to_plotly_json()


def test_what_was_given_is_not_changed_and_nothing_is_shared():
    margin = {"r": 9}
    one, two = Picture(), Picture()
    one.update_layout(margin=margin)
    two.update_layout(margin=margin)
    one.update_layout(margin={"r": 1, "l": 2})
    assert margin == {"r": 9} and two.layout["margin"] == {"r": 9}
    assert one.figure().layout.margin.r == 1
