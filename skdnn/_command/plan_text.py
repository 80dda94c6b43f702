"""A search in words: what is printed before it begins, and the command that makes it again."""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skdnn._command.cluster_connection import Cluster
    from skdnn._command.inputs import Inputs
    from skdnn._command.search import SearchPlan


def title(inputs: Inputs, plan: SearchPlan, cluster: Cluster | None) -> str:
    """Describe the search, with notes on the data and the cluster."""
    jobs = counted(plan.jobs, "fit")
    text = f"{inputs.title}: {len(inputs.y):,} {inputs.noun}, {_rounds(plan)}, {jobs} at a time"
    if cluster is None:
        notes = [inputs.note]
    else:
        text += f" on {counted(cluster.n_workers, 'worker')}"
        notes = [inputs.note, cluster.note]
    return "\n".join([text, *filter(None, [*notes, _unused_epochs(plan)])])


def _rounds(plan: SearchPlan) -> str:
    """Return the fits of a search in words, round by round."""
    first, *later = plan.rounds
    epochs = counted(first.epochs, "epoch") if later else _epochs_tried(plan)
    variants = counted(first.n_candidates, "variant")
    return ", ".join(
        [
            f"{variants} x {plan.n_splits} folds x {epochs}",
            *(
                f"the best {each.n_candidates} x {plan.n_splits} folds x {each.epochs} epochs"
                for each in later
            ),
        ]
    )


def _unused_epochs(plan: SearchPlan) -> str:
    """Say how many epochs halving could use, if it does not use all."""
    first, last = plan.rounds[0], plan.rounds[-1]
    if not plan.halving or last.epochs == epochs_of(plan):
        return ""
    times = last.epochs // first.epochs
    return (
        f"halving ends with {last.epochs} of {epochs_of(plan)} epochs, {times} times those of "
        f"its first round; it uses all of --epochs {(first.epochs + 1) * times}"
    )


def _epochs_tried(plan: SearchPlan) -> str:
    tried = plan.grid.get("dnn__epochs") or [epochs_of(plan)]
    least, most = min(tried), max(tried)
    return counted(most, "epoch") if least == most else f"{least} to {most} epochs"


def reproducing_command(options: argparse.Namespace, plan: SearchPlan) -> str:
    """Return the command with all options that its scores depend on, defaults included."""
    from skdnn._command.data import data_words

    words = ["python", "-m", "skdnn", "--data", options.data, *data_words(options)]
    words += ["--cv", str(options.cv)]
    names = {setting.name for setting in options.set}
    if "epochs" not in names:
        words += ["--epochs", str(epochs_of(plan))]
    if "hidden_units" not in names:
        for units in plan.grid.get("dnn__hidden_units", []):
            words += ["--hidden-units", ",".join(map(str, units))]
    if options.halving:
        words.append("--halving")
    for setting in options.set:
        words += ["--set", setting.text]
    words += ["--jobs", str(plan.jobs)] if options.dask is None else ["--dask", options.dask]
    if "random_state" not in names:
        words += ["--seed", str(options.seed)]
    return shlex.join(words if options.baselines else [*words, "--no-baselines"])


def epochs_of(plan: SearchPlan) -> int:
    """Return the epochs of a fit that ``--set`` gives no other number."""
    epochs: int = plan.pipeline.get_params()["dnn__epochs"]
    return epochs


def counted(number: int, what: str) -> str:
    """Write a number of things: ``1 fold``, ``2 folds``."""
    return f"{number} {what}{'s' * (number > 1)}"
