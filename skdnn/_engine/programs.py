"""Caches of compiled programs, for fits of the same structure."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

import keras

from skdnn._engine.evaluation import RowLosses
from skdnn._engine.inference import Forward
from skdnn._engine.program import Program

T = TypeVar("T")

# A program for 784-100-10 units takes about 5 MB. A search rarely has more structures.
_MOST_KEPT = 64


@dataclass(frozen=True)
class Structure:
    """Key of a training program; fits of equal structures share one.

    Parameters
    ----------
    network : hashable
        The layers, with keys of custom functions.
    regularization : hashable
        Dropout and penalties.
    optimizer : hashable
        Class and settings, without a constant learning rate, and the key of a custom schedule.
    batch_size : int or None
        Rows of a batch; None if the program leaves it open, and units of hidden layers.
    jit : bool
        Whether XLA compiles the program.
    loss : hashable
        The loss; None for the default of the output layer.
    packed : tuple of int
        The weights that are packed, where the network has no units to tell.
    """

    network: Hashable
    regularization: Hashable
    optimizer: Hashable
    batch_size: int | None
    jit: bool
    loss: Hashable = None
    packed: tuple[int, ...] = ()


class _Cache(Generic[T]):
    """A thread-safe LRU cache, which makes each value once."""

    def __init__(self, most_kept: int) -> None:
        self._most_kept = most_kept
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, _Entry[T]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > self._most_kept:
                self._entries.popitem(last=False)
        return entry.value(make)


class _Entry(Generic[T]):
    """A value that one thread makes while others wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: list[T] = []

    def value(self, make: Callable[[], T]) -> T:
        with self._lock:
            if not self._made:
                self._made.append(make())
            return self._made[0]


_programs: _Cache[Program] = _Cache(_MOST_KEPT)
_forwards: _Cache[Forward] = _Cache(_MOST_KEPT)
_row_losses: _Cache[RowLosses] = _Cache(_MOST_KEPT)


def program_for(structure: Structure, build: Callable[[], keras.Sequential]) -> Program:
    """Return the training program of a structure.

    Parameters
    ----------
    structure : Structure
        Key of the cache.
    build : callable
        Called for a structure that is not kept; returns a compiled ``keras.Sequential``.

    Returns
    -------
    program : Program
        Shared; safe to run from several threads at once.
    """
    return _programs.get(
        # What Keras reads as it traces a loss.
        (structure, keras.config.epsilon()),
        lambda: _program(structure, build()),
    )


def _program(structure: Structure, model: keras.Sequential) -> Program:
    if structure.batch_size is None:
        return Program(model, 1, jit=False, resizable=True)
    return Program(model, structure.batch_size, jit=structure.jit)


def forward_for(network: Hashable, make: Callable[[], Forward]) -> Forward:
    """Return the forward pass of a network.

    Parameters
    ----------
    network : hashable
        Key of the cache: the layers, and what functions among them do.
    make : callable
        Called for a network that is not kept.

    Returns
    -------
    forward : Forward
        Shared; safe to run from several threads at once.
    """
    return _forwards.get(network, make)


def row_losses_for(network: Hashable, make: Callable[[], RowLosses]) -> RowLosses:
    """Return the pass that evaluates a network.

    Parameters
    ----------
    network : hashable
        Key of the cache: the layers, what functions among them do, and the loss.
    make : callable
        Called for a network that is not kept.

    Returns
    -------
    row_losses : RowLosses
        Shared; safe to run from several threads at once.
    """
    return _row_losses.get((network, keras.config.epsilon()), make)
