"""Graphs in which a step waits for itself."""

from tests.unit.model_builders.graph_cases.case import Bad, Refuses, X, Y
from tests.unit.model_builders.graphs import PAIR, ROW, graph, step

BAD: dict[str, Bad] = {
    "two steps that wait for each other": Bad(
        graph(
            step("a", PAIR, "A=x B=back", "Y=forth"),
            step("b", ROW, "X=forth", "Y=back"),
            step("c", ROW, "X=back", "Y=y"),
            takes=X,
            gives=Y,
        ),
        (
            'spec.steps[a]: found a cycle: a gives "forth" to b, b gives "back" to a, expected'
            " steps without a cycle; feed one of them from elsewhere",
        ),
        Refuses("its depending tensors, 'forth', is not connected"),
    ),
    "three steps in a circle": Bad(
        graph(
            step("c", ROW, "X=two", "Y=three"),
            step("a", PAIR, "A=x B=three", "Y=one"),
            step("b", ROW, "X=one", "Y=two"),
            step("d", ROW, "X=two", "Y=y"),
            takes=X,
            gives=Y,
        ),
        (
            'spec.steps[c]: found a cycle: c gives "three" to a, a gives "one" to b, b gives'
            ' "two" to c, expected steps without a cycle; feed one of them from elsewhere',
        ),
        Refuses("its depending tensors, 'three', is not connected"),
    ),
    "a step that feeds itself": Bad(
        graph(step("a", PAIR, "A=x B=y", "Y=y"), takes=X, gives=Y),
        (
            'spec.steps[a]: found a cycle: a gives "y" to a, expected steps without a cycle; feed'
            " one of them from elsewhere",
        ),
        Refuses("is not written"),
    ),
}
