"""Why ``param.grad`` is one value for ten rows, and why it is divided by ``batch_size``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..arrays import Array
from ..gradients import ParameterGradient, gradient
from ..losses import Squared
from .autograd import import_mxnet, param_grad
from .program import NOISE, TRUE_B, TRUE_W, synthetic_data
from .table import table

# The words below name the first two as well.
ROWS = 10
LR = 0.03
SEED = 0


class Words(NamedTuple):
    """All that is said, in one language."""

    question: str
    setting: str
    row: str
    loss: str
    sum: str
    param_grad: str
    mean: str
    param: str
    step: str
    legend: str
    no_mxnet: str
    answer: tuple[str, str, str]


ENGLISH = Words(
    question=(
        "Ten rows give ten gradients, so why is param.grad one value, and why divide by batch_size?"
    ),
    setting=(
        "The first ten rows of the original program's data, at parameters drawn as its are."
        "\nFor each row: its loss, and the gradient of that loss."
    ),
    row="row",
    loss="loss",
    sum="sum",
    param_grad="param.grad in MXNet",
    mean="mean = sum / 10",
    param="param",
    step="param - 0.03 * mean",
    legend=(
        'fastsgd.gradient(features, labels, w, b, reduction="none") gives the rows, '
        '"sum" the sum\nand "mean" the mean.'
    ),
    no_mxnet="MXNet is not installed here, so what its param.grad holds is not shown.",
    answer=(
        "backward() on a vector of ten losses is l.sum().backward(), so it leaves in param.grad\n"
        "the sum of the ten rows' gradients.",
        "A gradient has the shape of the variable it is taken for, so param.grad holds one value\n"
        "for each value of param, however many rows there are.",
        "Dividing by batch_size turns that sum into the mean, so that a step does not grow with\n"
        "the number of rows in the batch.",
    ),
)

CHINESE = Words(
    question="十个样本有十个梯度，为什么 param.grad 只有一个值？又为什么要除以 batch_size？",
    setting=(
        "下面是原程序数据中的前十个样本，参数随机初始化。\n每一行是一个样本的损失，以及该损失的梯度。"
    ),
    row="样本",
    loss="损失",
    sum="总和",
    param_grad="MXNet 的 param.grad",
    mean="均值 = 总和 / 10",
    param="param",
    step="param - 0.03 * 均值",
    legend=(
        'fastsgd.gradient(features, labels, w, b, reduction="none") 给出每个样本的梯度，\n'
        '"sum" 给出总和，"mean" 给出均值。'
    ),
    no_mxnet="这里没有安装 MXNet，因此无法显示它的 param.grad。",
    answer=(
        "对十个损失组成的向量 l 调用 l.backward()，等价于调用 l.sum().backward()，\n"
        "所以 param.grad 里存放的是十个样本的梯度之和。",
        "梯度的形状总是与被求导的变量相同，所以无论有多少个样本，\n"
        "param 的每个元素在 param.grad 中都只对应一个值。",
        "除以 batch_size 就是把总和变成均值，\n这样参数的更新量就不会随着批量中样本的增多而变大。",
    ),
)

LANGUAGES = {"en": ENGLISH, "zh": CHINESE}


class Batch(NamedTuple):
    """Ten rows, and the parameters before the step."""

    X: Array
    y: Array
    w: Array
    b: float


def run(*, lang: str) -> None:
    """Print the question, the table that shows the answer, and the answer in three sentences."""
    words = LANGUAGES[lang]
    batch = first_batch()
    mxnet = import_mxnet()
    held = None if mxnet is None else ParameterGradient(*param_grad(mxnet, *batch))
    print(words.question, words.setting, sep="\n\n", end="\n\n")
    print(_gradients(batch, held, words), end="\n\n")
    if held is None:
        print(words.no_mxnet, end="\n\n")
    print(words.legend, *words.answer, sep="\n\n")


def first_batch() -> Batch:
    """Return the first rows of the data of the original program, and parameters to start from."""
    rng = np.random.default_rng(SEED)
    X, y = synthetic_data(rng, 1000, TRUE_W, TRUE_B, NOISE, "float64")
    return Batch(X[:ROWS], y[:ROWS], rng.normal(0, 0.01, len(TRUE_W)), 0.0)


def _gradients(batch: Batch, held: ParameterGradient | None, words: Words) -> str:
    """Return the table: a line for each row, and under them what is made of their gradients."""
    X, y, w, b = batch
    each, total, mean = (
        gradient(X, y, w, b, reduction=reduction) for reduction in ("none", "sum", "mean")
    )
    losses = Squared().value(X @ w + b, y)
    lines = [["", words.loss, "w[0]", "w[1]", "b"]]
    lines += [
        [f"{words.row} {i}", f"{losses[i]:.4f}", *_numbers(each.w[i], each.b[i])]
        for i in range(ROWS)
    ]
    lines += [[""], [words.sum, f"{losses.sum():.4f}", *_numbers(*total)]]
    if held is not None:
        lines.append([words.param_grad, "", *_numbers(*held)])
    step = w - LR * mean.w, b - LR * mean.b
    lines += [
        [words.mean, f"{losses.mean():.4f}", *_numbers(*mean)],
        [""],
        [words.param, "", *_numbers(w, b)],
        [words.step, "", *_numbers(*step)],
    ]
    return table(lines)


def _numbers(w: Sequence[float] | Array, b: Any) -> list[str]:
    return [f"{value:.4f}" for value in (*w, float(np.squeeze(b)))]
