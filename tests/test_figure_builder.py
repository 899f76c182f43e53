"""A picture drawn up first is what plotly's own Figure becomes step by step."""

import plotly.graph_objects as go

from studentsim.ui.charts import shares
from studentsim.ui.charts.figure_builder import FigureBuilder
from studentsim.ui.charts.frame import TITLE_STANDOFF_PX, add_end_label, finish_figure


def build_both(figure):
    import pandas as pd

    figure.add_scatter(x=[1, 2], y=[3, 4], name="a")
    figure.add_bar(x=[1], y=[2])
    figure.update_xaxes(title="lessons", range=[0, 5], tick0=0)
    figure.update_yaxes(range=[0, 100])
    figure.update_xaxes(showgrid=False)
    add_end_label(figure, pd.Series([1, 2]), pd.Series([3.0, 4.4]))
    figure.update_layout(showlegend=True, legend={"traceorder": "reversed"})
    figure.update_layout(margin={"r": 99}, font={"size": 12})
    return figure


def test_it_becomes_the_same_figure():
    assert build_both(FigureBuilder()).build().to_plotly_json() == build_both(go.Figure()).to_plotly_json()


def test_the_margins_leave_room_for_labels_and_titles():
    def margin(**axes):
        picture = FigureBuilder(go.Bar(x=[1], y=[0], orientation="h"))
        picture.update_xaxes(**axes.get("x", {}))
        picture.update_yaxes(**axes.get("y", {}))
        return finish_figure(picture, "").layout.margin

    names = {"tickvals": [0, 1], "ticktext": ["short", "a name of twenty-seven signs"]}
    assert margin(y=names).l > 27 * 6 > margin(y={"range": [0, 100]}).l > margin(y={"visible": False}).l == 0
    assert margin(y={**names, "title": "kind"}).l > margin(y=names).l
    assert margin(y={"ticktext": ["<br>".join(names["ticktext"])]}).l == margin(y=names).l
    assert margin(y={"ticktext": ["&lt;" * 27]}).l < margin(y=names).l  # one sign each
    assert margin(x={"title": "lessons"}).b > margin().b > margin(x={"visible": False}).b == 0


def test_no_axis_asks_plotly_to_draw_twice():
    figure = finish_figure(FigureBuilder(go.Bar(x=[1], y=[2])), "")
    assert figure.layout.xaxis.automargin is False and figure.layout.yaxis.automargin is False


def test_a_title_keeps_its_words_and_its_distance():
    picture = FigureBuilder(go.Bar(x=[1], y=[2]))
    picture.update_xaxes(title="lessons")
    title = finish_figure(picture, "").layout.xaxis.title
    assert (title.text, title.standoff) == ("lessons", TITLE_STANDOFF_PX)


def test_a_level_is_plotlys_own_line():
    style, note = {"color": "#123456", "width": 1, "dash": "dot"}, {"text": "guessing", "showarrow": False}
    picture, figure = FigureBuilder(go.Bar(x=[1], y=[2])), go.Figure(go.Bar(x=[1], y=[2]))
    picture.add_hline(20, line=style, annotation=dict(note))
    figure.add_hline(y=20, line=style, annotation=dict(note), annotation_position="bottom right")
    assert picture.build().to_plotly_json() == figure.to_plotly_json()


def test_a_line_up_and_down_is_plotlys():
    style, note = {"color": "#123456", "width": 1, "dash": "dot"}, {"text": "guessing", "showarrow": False}
    picture, figure = FigureBuilder(go.Bar(x=[1], y=[2])), go.Figure(go.Bar(x=[1], y=[2]))
    picture.add_vline(20, line=style, annotation=dict(note))
    figure.add_vline(x=20, line=style, annotation=dict(note))
    assert picture.build().to_plotly_json() == figure.to_plotly_json()


def test_a_lines_label_may_stand_above_it():
    """As on Check questions, where beside the line there are the bars' own numbers."""
    (note,) = shares.shares_figure(["a", "b"], [20, 19], total=100, even=0.2, axis="of 100").layout.annotations
    assert (note.xanchor, note.yanchor, note.y) == ("center", "bottom", 1)


def test_what_was_given_is_not_changed_and_nothing_is_shared():
    margin = {"r": 9}
    one, two = FigureBuilder(), FigureBuilder()
    one.update_layout(margin=margin)
    two.update_layout(margin=margin)
    one.update_layout(margin={"r": 1, "l": 2})
    assert margin == {"r": 9} and two.layout["margin"] == {"r": 9}
    assert one.build().layout.margin.r == 1
