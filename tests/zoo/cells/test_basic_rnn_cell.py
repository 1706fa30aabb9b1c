"""The classic cell against NumPy, its gradients against back-propagation through time."""

import numpy as np
import tensorflow as tf

from zoo import cells
from zoo.recurrence import dynamic_rnn


def test_one_step_against_numpy(random):
    x, h = random.normal(size=(2, 3)), random.normal(size=(2, 4))
    cell = cells.BasicRNNCell(4, bias_initializer="normal", dtype="float64")
    output, state = cell(x, h)
    kernel, bias = cell.get_weights()
    expected = np.tanh(x @ kernel[:3] + h @ kernel[3:] + bias)
    np.testing.assert_allclose(output, expected, rtol=1e-12)
    np.testing.assert_array_equal(output, state)
    assert (cell.state_size, cell.output_size) == (4, 4)


def test_activation_none_is_tanh_as_in_tensorflow():
    assert cells.BasicRNNCell(4, activation=None).activation(1.0) == np.tanh(np.float32(1.0))
    assert cells.BasicRNNCell(4, activation="relu").activation(-1.0) == 0.0


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def forward(x, h0, U, W, V, b, c):
    """h_t = tanh(U x_t + W h_{t-1} + b), y_t = softmax(V h_t + c); one row, vectors as columns."""
    h, y = [h0], []
    for x_t in x:
        h.append(np.tanh(U @ x_t + W @ h[-1] + b))
        y.append(softmax(V @ h[-1] + c))
    return h, y


def backward(x, h, y, targets, U, W, V):
    """The recursion of back-propagation through time, written out.

    With L = -sum_t log y_t[target_t], the delta at the output is y_t - onehot(target_t); the delta
    at the hidden layer collects what comes from y_t and what comes back from t+1, through tanh'.
    """
    d = {name: 0.0 for name in "UWVbc"}
    hidden_delta = np.zeros_like(h[0])
    of_x = [None] * len(x)
    for t in reversed(range(len(x))):
        output_delta = y[t].copy()
        output_delta[targets[t]] -= 1.0
        d["V"] += np.outer(output_delta, h[t + 1])
        d["c"] += output_delta
        hidden_delta = (V.T @ output_delta + W.T @ hidden_delta) * (1.0 - h[t + 1] ** 2)
        d["U"] += np.outer(hidden_delta, x[t])
        d["W"] += np.outer(hidden_delta, h[t])
        d["b"] += hidden_delta
        of_x[t] = U.T @ hidden_delta
    return d, np.array(of_x), W.T @ hidden_delta


def test_every_gradient_is_that_of_back_propagation_through_time(random):
    rows, time, features, units, classes = 3, 6, 4, 5, 3
    x = random.normal(size=(rows, time, features))
    h0 = random.normal(size=(rows, units))
    targets = random.randint(classes, size=(rows, time))
    inner = cells.BasicRNNCell(units, bias_initializer="normal", dtype="float64")
    cell = cells.OutputProjectionWrapper(
        inner, classes, activation="softmax", bias_initializer="normal", dtype="float64"
    )
    inputs, initial = tf.constant(x), tf.constant(h0)
    with tf.GradientTape() as tape:
        tape.watch([inputs, initial])
        y, last = dynamic_rnn(cell, inputs, initial_state=initial)
        loss = -tf.reduce_sum(tf.math.log(tf.gather(y, targets, batch_dims=2)))
    variables = [inner.kernel, inner.bias, cell.kernel, cell.bias]
    got = tape.gradient(loss, [inputs, initial, *(v.value for v in variables)])

    kernel, b, projection, c = (v.numpy() for v in variables)
    U, W, V = kernel[:features].T, kernel[features:].T, projection.T
    total = {name: 0.0 for name in "UWVbc"}
    for row in range(rows):
        h, expected_y = forward(x[row], h0[row], U, W, V, b, c)
        np.testing.assert_allclose(y[row], expected_y, rtol=1e-10)
        np.testing.assert_allclose(last[row], h[-1], rtol=1e-10)
        d, of_x, of_h0 = backward(x[row], h, expected_y, targets[row], U, W, V)
        total = {name: total[name] + d[name] for name in total}
        np.testing.assert_allclose(got[0][row], of_x, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(got[1][row], of_h0, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(got[2][:features], total["U"].T, rtol=1e-9)
    np.testing.assert_allclose(got[2][features:], total["W"].T, rtol=1e-9)
    np.testing.assert_allclose(got[3], total["b"], rtol=1e-9)
    np.testing.assert_allclose(got[4], total["V"].T, rtol=1e-9)
    np.testing.assert_allclose(got[5], total["c"], rtol=1e-9)
